using System.Text;
using System.Text.Json;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Posix;
using Backstop.Server.Users;

namespace Backstop.Server.Delivery;

/// <summary>What the server does for recipes that run in a helper.</summary>
/// <param name="Running">Called with true when a wait begins, with false when it ends.</param>
/// <param name="Log">Takes log lines.</param>
/// <param name="MayForward">Whether the mailbox may send another mail on.</param>
/// <param name="Forwarding">Told of each mail that is sent on.</param>
internal sealed record UserRecipeCalls(Action<bool>? Running, Action<string> Log, Func<bool> MayForward, Action Forwarding);

/// <summary>
/// Has a helper of the mailbox's user run recipes. The user owns that process: what it replies is held to its limits, and folders that it
/// names are written by a helper of the same user.
/// </summary>
/// <param name="user">The mailbox's user.</param>
/// <param name="helpers">The helpers of all users.</param>
/// <param name="host">This host's name.</param>
internal sealed class UserRecipes(UserAccount user, UserHelpers helpers, string host)
{
    private const int MaxFrame = 1 << 20;
    private const int MaxLine = 1000;
    private const int MaxLines = 200;
    private const int MaxCopies = 1000;
    private const int MaxPath = 4096;

    // What recipes may make of a message besides twice the message: more is not kept in the server's memory.
    private const int MaxAdded = 16 << 20;

    // Every program of the recipes has a time limit of its own; this is for all of them.
    private static readonly TimeSpan _patience = TimeSpan.FromHours(1);

    /// <summary>Runs them for one message.</summary>
    /// <param name="setting">The mailbox, and the message's sender.</param>
    /// <param name="message">The message, with a separator line.</param>
    /// <param name="calls">What the server does for them.</param>
    /// <exception cref="IOException">No helper can be had, or it was lost before it began to act: nothing was done.</exception>
    public RecipeResult Run(RecipeSetting setting, byte[] message, UserRecipeCalls calls)
    {
        var talk = new Talk(calls);
        var request = new HelperRequest { Host = host, Owner = "", Recipes = setting };
        try
        {
            return helpers.Ask(user, _patience, wire =>
            {
                wire.Send(HelperFrame.Request, JsonSerializer.SerializeToUtf8Bytes(request, HelperJson.Default.HelperRequest));
                wire.Send(HelperFrame.Content, message);
                return Result(talk.UntilReply(wire), wire, (2 * message.Length) + MaxAdded);
            });
        }
        catch (HelperLostException error) when (talk.HasBegun)
        {
            return new(error.Message, HasActed: true, []);
        }
        finally
        {
            talk.End();
        }
    }

    private static RecipeResult Result(byte[] payload, HelperWire wire, int left)
    {
        var reply = JsonSerializer.Deserialize(payload, HelperJson.Default.HelperReply) ?? new HelperReply();
        if (reply.Error is null || reply.Plan is null || reply.Plan.Count > MaxCopies || !reply.Plan.All(IsPossible))
        {
            throw new IOException("a plan that no recipes make");
        }

        var plan = new List<RecipeCopy>(reply.Plan.Count);
        foreach (var copy in reply.Plan)
        {
            var octets = copy.IsChanged ? wire.Expect(HelperFrame.Content, left) : null;
            left -= octets?.Length ?? 0;
            var folder = new FolderRef(copy.Format, Path.GetFullPath(copy.Path), FolderRef.Inbox);
            plan.Add(octets is null ? RecipeCopy.Untouched(folder) : new(folder, octets));
        }

        return new(reply.Error.Length > 0 ? ShownText.Of(reply.Error, MaxLine) : null, reply.HasActed, plan);
    }

    private static bool IsPossible(HelperPlan? copy) =>
        copy is { Path.Length: > 0 and <= MaxPath } && Enum.IsDefined(copy.Format)
        && copy.Path.StartsWith('/') && !copy.Path.Contains('\0', StringComparison.Ordinal);

    /// <summary>What the helper says before it replies.</summary>
    private sealed class Talk(UserRecipeCalls calls)
    {
        private int _lines;
        private bool _waits;

        public bool HasBegun { get; private set; }

        public byte[] UntilReply(HelperWire wire)
        {
            while (true)
            {
                switch (wire.Receive(MaxFrame, out var payload))
                {
                    case HelperFrame.Reply:
                        return payload;
                    case HelperFrame.Line:
                        Log(payload);
                        break;
                    case HelperFrame.Begins:
                        HasBegun = true;
                        Wait(true);
                        break;
                    case HelperFrame.Ends:
                        Wait(false);
                        break;
                    case HelperFrame.MayForward:
                        wire.Send(calls.MayForward() ? HelperFrame.Yes : HelperFrame.No, []);
                        break;
                    case HelperFrame.Forwards:
                        HasBegun = true;
                        calls.Forwarding();
                        break;
                    case var other:
                        throw new IOException(other == HelperFrame.End ? "it has ended" : "it says what no recipes say");
                }
            }
        }

        public void End() => Wait(false);

        private void Wait(bool begins)
        {
            if (begins != _waits)
            {
                _waits = begins;
                calls.Running?.Invoke(begins);
            }
        }

        private void Log(byte[] line)
        {
            if (++_lines <= MaxLines)
            {
                calls.Log(ShownText.Of(Encoding.UTF8.GetString(line), MaxLine));
            }
        }
    }
}
