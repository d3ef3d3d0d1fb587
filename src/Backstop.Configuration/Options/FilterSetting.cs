using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>Who scores mail, as <c>spam.filter</c> names it.</summary>
internal abstract record FilterSetting
{
    /// <summary>The text for the rules in this process.</summary>
    public const string Rules = "rules";

    private FilterSetting()
    {
    }

    /// <summary>Reads the setting; null where the text names no filter.</summary>
    /// <param name="text"><c>rules</c>, <c>spamd:ADDRESS</c>, <c>rspamd:URL</c> or <c>pipe:PROGRAM</c>.</param>
    public static FilterSetting? Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, rest) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        return kind switch
        {
            Rules when colon < 0 => new InProcess(),
            "spamd" when PeerAddress.Parse(rest) is { } endPoint => new Spamd(endPoint),
            "rspamd" when Uri.TryCreate(rest, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" => new Rspamd(uri!),
            "pipe" when Path.IsPathRooted(rest) => new Pipe(rest),
            _ => null,
        };
    }

    /// <summary>What is wrong with the text; null where nothing is.</summary>
    /// <param name="text">The setting.</param>
    public static string? Error(string text) => Parse(text) is null
        ? $"\"{text}\" names no filter: \"rules\", \"spamd:127.0.0.1:783\", \"spamd:/run/spamd.sock\", "
            + $"\"rspamd:http://127.0.0.1:11333\" or \"pipe:/usr/bin/spamassassin\""
        : null;

    /// <summary>SpamAssassin's rules in this process.</summary>
    public sealed record InProcess : FilterSetting;

    /// <summary>A spamd.</summary>
    /// <param name="EndPoint">Where it listens.</param>
    public sealed record Spamd(EndPoint EndPoint) : FilterSetting;

    /// <summary>An rspamd.</summary>
    /// <param name="Url">Its normal worker.</param>
    public sealed record Rspamd(Uri Url) : FilterSetting;

    /// <summary>A program that is run once a message.</summary>
    /// <param name="Program">Its absolute path.</param>
    public sealed record Pipe(string Program) : FilterSetting;
}
