using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>The filter that scores mail, as set by <c>spam.filter</c>.</summary>
internal abstract record FilterSetting
{
    /// <summary>The text for the rules in this process.</summary>
    public const string Rules = "rules";

    private FilterSetting()
    {
    }

    /// <summary>Parses the setting; null if the text is not a filter.</summary>
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

    /// <summary>Describes what is wrong with the text; null if nothing is.</summary>
    /// <param name="text">The setting.</param>
    public static string? Error(string text) => Parse(text) is null
        ? $"\"{text}\" is not a filter; write \"rules\", \"spamd:127.0.0.1:783\", \"spamd:/run/spamd.sock\", "
            + $"\"rspamd:http://127.0.0.1:11333\" or \"pipe:/usr/bin/spamassassin\""
        : null;

    /// <summary>SpamAssassin's rules, in this process.</summary>
    public sealed record InProcess : FilterSetting;

    /// <summary>A spamd server.</summary>
    /// <param name="EndPoint">Its address.</param>
    public sealed record Spamd(EndPoint EndPoint) : FilterSetting;

    /// <summary>An rspamd server.</summary>
    /// <param name="Url">The address of its normal worker.</param>
    public sealed record Rspamd(Uri Url) : FilterSetting;

    /// <summary>A program that is run for each message.</summary>
    /// <param name="Program">Its absolute path.</param>
    public sealed record Pipe(string Program) : FilterSetting;
}
