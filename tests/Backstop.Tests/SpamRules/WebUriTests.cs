using System.Text.RegularExpressions;
using Backstop.SpamRules.Uris;
using CsCheck;

namespace Backstop.Tests.SpamRules;

/// <summary>URIs are taken apart as SpamAssassin's expressions take them apart.</summary>
public sealed class WebUriTests
{
    private const RegexOptions Case = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    private static readonly Regex _local = new("^(?:[#?&]|/(?:[^/]|\\z))");
    private static readonly Regex _mail = new("^mailto:|^[^:]*@", Case);
    private static readonly Regex _scheme = new("^[-_a-z0-9]+:", Case);
    private static readonly Regex _slashes = new("^(?<scheme>https?:)/{0,2}", Case);
    private static readonly Regex _noPath = new("^(?<before>https?://[^/?#]+)(?<behind>[?#])", Case);
    private static readonly Regex _inner = new("https?:/{0,2}[^&#]+", Case);
    private static readonly Regex _web = new(
        "^(?<scheme>https?://)(?<user>[^@/?#]*@)?(?<host>[^/?#:]+)(?<rest>(?::(?<port>\\d*))?.*)$", Case);

    private static readonly string[] _pieces =
    [
        "http:", "https:", "HTTP:", "http", "/", "//", "///", "a", "b.test", "www.", "@", ":", ":80", "80", "?", "#", "&", ".", "mailto:",
        "ftp:", "-", "_", "%20", " ", "\u00e9", "x=", "[", "\\",
    ];

    private static readonly Gen<string> _texts = Gen.OneOf(_pieces).Array[0, 9].Select(string.Concat);

    [Fact]
    public void Questions_are_answered_as_the_expressions_answer_them() => _texts.Sample(
        text =>
        {
            Assert.Equal((text, _local.IsMatch(text)), (text, WebUri.IsLocal(text)));
            Assert.Equal((text, _mail.IsMatch(text)), (text, WebUri.IsMail(text)));
            Assert.Equal((text, _scheme.IsMatch(text)), (text, WebUri.HasScheme(text)));
            Assert.Equal((text, _slashes.Replace(text, "${scheme}//")), (text, WebUri.WithSlashes(text)));
            Assert.Equal((text, _noPath.Replace(text, "${before}/${behind}")), (text, WebUri.WithPath(text)));
            Assert.Equal((text, _inner.Match(text) is { Success: true } inner ? inner.Value : null), (text, WebUri.Within(text)));
        },
        iter: 30_000);

    [Fact]
    public void Parts_are_those_of_the_expression() => _texts.Select(t => t.StartsWith('h') ? t : "http://" + t).Sample(
        text =>
        {
            WebUri? expected = _web.Match(text) is { Success: true } web
                ? new(
                    web.Groups["scheme"].Value, web.Groups["user"].Value, web.Groups["host"].Value, web.Groups["port"].Value,
                    web.Groups["rest"].Value)
                : null;
            Assert.Equal((text, expected), (text, WebUri.Parse(text)));
        },
        iter: 30_000);

    [Fact]
    public void Hosts_are_found_as_the_expressions_find_them()
    {
        var (scheme, behind) = (new Regex("^[a-z]+:/{0,2}"), new Regex("[/?#].*", RegexOptions.Singleline));
        var (user, port) = (new Regex("^[^/]*@"), new Regex(":\\d*$"));
        _texts.Select(t => t.ToLowerInvariant()).Sample(
            text => Assert.Equal(
                (text, port.Replace(user.Replace(behind.Replace(scheme.Replace(text, ""), ""), ""), "")),
                (text, RegistryBoundaries.HostOf(text).ToString())),
            iter: 30_000);
    }
}
