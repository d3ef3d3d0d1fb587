namespace Backstop.Server.Spam.Filters;

/// <summary>Reads what <c>spam.filter</c> and <c>spam.clamd</c> name.</summary>
internal static class FilterChoice
{
    /// <summary>The rules in this process.</summary>
    public const string Rules = "rules";

    /// <summary>Makes the filter that the text names; null where it names none.</summary>
    /// <param name="text"><c>rules</c>, <c>spamd:ADDRESS</c>, <c>rspamd:URL</c> or <c>pipe:PROGRAM</c>.</param>
    /// <param name="rules">Makes the one in this process.</param>
    public static IMessageFilter? Create(string text, Func<IMessageFilter> rules)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, rest) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        return kind switch
        {
            Rules when colon < 0 => rules(),
            "spamd" when PeerSocket.Parse(rest) is { } endPoint => new SpamdFilter(endPoint),
            "rspamd" when Uri.TryCreate(rest, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" => new RspamdFilter(uri!),
            "pipe" when Path.IsPathRooted(rest) => new PipeFilter(rest),
            _ => null,
        };
    }

    /// <summary>What is wrong with the text; null where nothing is.</summary>
    public static string? Error(string text)
    {
        using var made = Create(text, () => NoFilter.Instance) as IDisposable;
        return made is null && Create(text, () => NoFilter.Instance) is null
            ? $"\"{text}\" is none of \"rules\", \"spamd:127.0.0.1:783\", \"spamd:/run/spamd.sock\", \"rspamd:http://127.0.0.1:11333\", \"pipe:/usr/bin/spamassassin\""
            : null;
    }

    private sealed class NoFilter : IMessageFilter
    {
        public static readonly NoFilter Instance = new();

        public string Name => Rules;

        public Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct) => Task.FromResult(default(FilterVerdict));
    }
}
