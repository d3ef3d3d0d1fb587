namespace Backstop.Recipes.Running;

/// <summary>
/// Keeps recipes from making backscatter (RFC 3834 §2): mail that must not be answered is not, whatever a recipe says, and nobody
/// is answered twice a week. Forwarding is stopped only for mail that would come back to us if it failed, or has been here before.
/// </summary>
internal sealed class RecipeGuard(RecipeState state, IRecipeHost host)
{
    private static readonly string[] _mailers = [
        "sendmail", "mail", "mailx", "mutt", "msmtp", "nullmailer-inject", "ssmtp", "swaks", "vacation", "exim", "exim4", "qmail-inject"];
    /// <summary>Why a sender is not answered again.</summary>
    public const string Answered = "answered this week";

    private const string BeenHere = "it was delivered here before (Delivered-To)";
    private static readonly char[] _wordEnds = [' ', '\t', '\n', '|', '&', ';', '(', ')', '<', '>', '"', '\'', '`'];

    /// <summary>Whether the guard is on; <c>BACKSTOP_GUARD=no</c> switches it off.</summary>
    public bool IsOn => state.Variables.Number("BACKSTOP_GUARD", 1) != 0;

    /// <summary>Whether a command sends mail: it names a mail program, or the variable that does.</summary>
    /// <param name="command">The command line, with or without the values of its variables.</param>
    public static bool SendsMail(string command) =>
        command.Contains("$SENDMAIL", StringComparison.Ordinal) || command.Contains("${SENDMAIL}", StringComparison.Ordinal)
        || command.Split(_wordEnds, StringSplitOptions.RemoveEmptyEntries)
        .Any(w => _mailers.Contains(w[(w.LastIndexOf('/') + 1)..], StringComparer.Ordinal));

    /// <summary>Why a message must not be answered; null where it may be, if its sender <see cref="MayBeAnswered"/>.</summary>
    public string? AgainstReply()
    {
        var message = state.Message;
        if (IsNullReversePath)
        {
            return "null reverse-path";
        }

        if (message.Field("Auto-Submitted:") is { } automatic && !automatic.StartsWith("no", StringComparison.OrdinalIgnoreCase))
        {
            return "Auto-Submitted";
        }

        if (message.Field("Precedence:") is { } precedence && precedence.ToUpperInvariant() is ['J' or 'B' or 'L', ..])
        {
            return "Precedence";
        }

        return message.Field("List-Id:") is not null ? "List-Id"
            : Loops ? "loop header"
            : WasHere ? BeenHere
            : host.WasAnswered(Sender) ? Answered : null;
    }

    /// <summary>
    /// Whether a message's sender may be answered now; noted as answered where it may. To be asked last: what is noted and not sent
    /// never is.
    /// </summary>
    public bool MayBeAnswered() => host.MayReply(Sender);

    /// <summary>Why a message must not be forwarded; null where it may be.</summary>
    public string? AgainstForward() => IsNullReversePath ? "null reverse-path" : Loops ? "loop header" : WasHere ? BeenHere : null;

    // A field of ours, whoever it names: recipes write their own address into it.
    private bool Loops =>
        state.Message.Field("X-Loop:") is { } loop && state.Variables["LOGNAME"] is { Length: > 0 } name
            && loop.Contains(name, StringComparison.OrdinalIgnoreCase);

    // Whoever delivers writes the recipient above the rest, and what is sent on takes it along: twice the same has been here before.
    private bool WasHere
    {
        get
        {
            var to = state.Message.Fields("Delivered-To:").ToList();
            return to.Count > 1 && to.Skip(1).Any(t => Same(t, to[0]) || Same(t, state.Variables["RECIPIENT"] ?? ""));

            static bool Same(string a, string b) => a.Trim('<', '>').Equals(b.Trim('<', '>'), StringComparison.OrdinalIgnoreCase);
        }
    }

    private bool IsNullReversePath => Sender.Length == 0 || Sender.StartsWith("MAILER-DAEMON", StringComparison.OrdinalIgnoreCase);

    private string Sender
    {
        get
        {
            if (state.Message.Field("Return-Path:") is { } path)
            {
                return path.Trim('<', '>', ' ');
            }

            var line = Octets.ToText(state.Message.Octets.Span[..state.Message.FromLineLength]);
            return line.Length == 0 ? state.Message.Field("From:") ?? "" : line.Split(' ', 3)[1];
        }
    }
}
