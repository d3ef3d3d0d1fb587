using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>
/// A form in which mail servers write <c>Received: from</c> (the word taken off). Groups: ip, rdns, helo, by, ident, id.
/// </summary>
/// <param name="Pattern">From the start of the text.</param>
/// <param name="LooksUpDns">The server that writes so looks the client's name up, so that its absence says something.</param>
/// <param name="Shape">The same, where it can be read without an expression.</param>
internal sealed record ReceivedForm(PerlRegex Pattern, bool LooksUpDns = false, ReceivedShape? Shape = null)
{
    /// <summary>A form by its pattern, whose shorthands are those of <see cref="Compile"/>.</summary>
    public static ReceivedForm Of(string pattern, bool looksUpDns = false) =>
        new(Compile(pattern), looksUpDns, ReceivedShape.Of(pattern));

    /// <summary>
    /// Shorthands: <c>{ip}</c> an address as group ip, <c>{ip4}</c> and <c>{ip6}</c> one of a kind, <c>{IP}</c> one without group,
    /// <c>{by}</c> the word behind "by".
    /// </summary>
    public static PerlRegex Compile(string pattern) => new(pattern
        .Replace("{ip}", "(?<ip>" + IpPatterns.Any + ")", StringComparison.Ordinal)
        .Replace("{ip4}", "\\b(?<ip>" + IpPatterns.V4 + ")\\b", StringComparison.Ordinal)
        .Replace("{ip6}", "(?<ip>" + IpPatterns.AnyV6 + ")", StringComparison.Ordinal)
        .Replace("{IP}", IpPatterns.Any, StringComparison.Ordinal)
        .Replace("{LOCAL}", IpPatterns.Localhost, StringComparison.Ordinal)
        .Replace("{by}", "by (?<by>\\S+)", StringComparison.Ordinal)
        .Replace("{helo}", "(?<helo>\\S+)", StringComparison.Ordinal)
        .Replace("{rdns}", "(?<rdns>\\S+)", StringComparison.Ordinal));
}

/// <summary>
/// The forms in the order in which SpamAssassin 4.0.1 tries them (Message/Metadata/Received.pm): the first that fits decides.
/// </summary>
internal static class ReceivedForms
{
    /// <summary>Sendmail, and all who write like it, but not qmail.</summary>
    public static ReceivedForm SendmailLike { get; } = ReceivedForm.Of(@"^{helo} \({rdns} \[{ip}\].*\) {by} \(", looksUpDns: true);

    public static IReadOnlyList<ReceivedForm> BeforeQmail { get; } =
    [
        ReceivedForm.Of(@"^{helo} \({rdns} \[{ip}\]\) {by} with \S+ \(", looksUpDns: true),
        ReceivedForm.Of(@"^{rdns} \(\[{ip}\] helo={helo}\) {by} with "),
        ReceivedForm.Of(@"^{helo} \(<unknown\S*>\[{ip}\]\) {by} "),
        ReceivedForm.Of(@"^{helo} \((?<rdns>\S+\.\S+)\[{ip}\]\) {by} ", looksUpDns: true),
        ReceivedForm.Of(@"^{helo} \((?<ident>\S*)@\[{ip}\].*\) {by} \(", looksUpDns: true),
    ];

    public static IReadOnlyList<ReceivedForm> BeforeQmailToo { get; } =
    [
        ReceivedForm.Of(@"^{rdns} \((?:HELO|EHLO) (?<helo>\S*)\) \({ip}\) {by} \(qpsmtpd/\S+\) with (?:ESMTP|SMTP)"),
        ReceivedForm.Of(@"^{rdns} \(LHLO (?<helo>\S*)\) \({ip}\) {by} with LMTP"),
        ReceivedForm.Of(@"^{rdns} \((?:HELO|EHLO) (?<helo>\S*)\) \[{ip}\] {by} \([^)]+\) with (?:ESMTP|SMTP)"),
        ReceivedForm.Of(@"^{helo} \(\[{ip}\]\) {by} via smtpd \(for \S+\) with SMTP\("),
    ];

    public static PerlRegex QmailShape { get; } = ReceivedForm.Compile(
        @"^\S+( \((?:HELO|EHLO) \S*\))? \((\S+@)?\[?{IP}\]?\)( \(envelope-sender <\S+>\))? by \S+( \(.+\))* with (.* )?(SMTP|QMQP)"
            + "(?:$|[^ ]| (?:$|[^i]|i(?:$|[^d]|d(?:$|[^ ]))))");

    public static IReadOnlyList<ReceivedForm> Qmail { get; } =
    [
        ReceivedForm.Of(@"^{rdns} \((?:HELO|EHLO) (?<helo>[^ ()]*)\) \((?<ident>\S*)@\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
        ReceivedForm.Of(@"^{rdns} \((?:HELO|EHLO) (?<helo>[^ ()]*)\) \(\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
        ReceivedForm.Of(@"^(?<helo>(?<rdns>\S+)) \((?<ident>\S*)@\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
        ReceivedForm.Of(@"^(?<helo>(?<rdns>\S+)) \(\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
    ];

    public static IReadOnlyList<ReceivedForm> AfterQmail { get; } =
    [
        ReceivedForm.Of(@"^\[{ip}\] {by} via HTTP$"),
        ReceivedForm.Of(@"^\S+ \( \[{ip}\]\).*? {by} "),
        ReceivedForm.Of(@"^\({helo} \[{ip}\]\) {by} "),
        ReceivedForm.Of(@"^\[{ip}\] {by} "),
        ReceivedForm.Of(@"^\(\[?{ip}\]?\) {by} "),
        ReceivedForm.Of(@"^{helo} \[{ip}\] {by} \[{IP}\] with ", looksUpDns: true),
        ReceivedForm.Of(@"^{helo} \[\({ip}\)\] {by} \({IP}\) "),
        ReceivedForm.Of(@"^{helo} \(\[{ip}\]\) {by} \(", looksUpDns: true),
        ReceivedForm.Of(@"^{helo} \(softdnserr \[{ip}\]\).*? by (?<by>\S+)\b"),
        ReceivedForm.Of(@"^{helo} \({rdns} \[{ip}\]\).*? by (?<by>\S+)\b", looksUpDns: true),
        ReceivedForm.Of(@"^{helo} \(\[(?:{ip}(?:\.\d+)?|{ip4}:\d+)\]\).*? {by} ", looksUpDns: true),
        ReceivedForm.Of(@"^{helo} \({rdns} \[{ip}\]\)(?: \(authenticated bits=\d+\))? {by} \(", looksUpDns: true),
    ];

    public static IReadOnlyList<ReceivedForm> Last { get; } =
    [
        ReceivedForm.Of(@"^{rdns} \((?:HELO|EHLO) (?<helo>[^)]*)\) \((?:(?<ident>\S*)@)?\[?{ip}\]?\).* {by} ", looksUpDns: true),
        ReceivedForm.Of(@"^(?<helo>(?<rdns>\S+)) \((?:(?<ident>\S*)@)?\[?{ip}\]?\).* {by} ", looksUpDns: true),
        ReceivedForm.Of(@"^\[{ip}\] {by} with http for "),
        ReceivedForm.Of(@"^{rdns}\({ip}\) {by} via smap ", looksUpDns: true),
        ReceivedForm.Of(@"^{rdns}\({ip}, (?:HELO|EHLO) (?<helo>\S*)\) {by} via smap ", looksUpDns: true),
        ReceivedForm.Of(@"^\[{ip}\] {by} \(Post"),
        ReceivedForm.Of(@"^\[{ip}\] {by} \(ArGoSoft"),
        ReceivedForm.Of(@"^{ip} {by} \((?:SMTPL|InterScan)\b"),
    ];

    public static IReadOnlyList<ReceivedForm> AfterBatch { get; } =
    [
        ReceivedForm.Of(@"^{helo} \({rdns} \[{ip}\]\) {by} with ", looksUpDns: true),
        ReceivedForm.Of(
            @"^{rdns} \((?:HELO|EHLO) (?<helo>\S*)\) \((?:(?<ident>\S+)@)?(?:{ip4}.*?|{ip6}(?:[^A-Fa-f0-9:].*?)?)\) {by} with ",
            looksUpDns: true),
        ReceivedForm.Of(@"^\[{ip}\] \((?:account \S+ )?(?:HELO|EHLO) (?<helo>\S*)\) {by} \("),
        ReceivedForm.Of(@"^(?<helo>(?<rdns>\S+)) \(\[{ip}\] verified\) {by} \(.*CommuniGate Pro", looksUpDns: true),
        ReceivedForm.Of(@"^\(\[{ip}\]\) {by} with "),
        ReceivedForm.Of(@"^(?<helo>[^\d]\S+) \({ip}\) {by} "),
    ];

    public static IReadOnlyList<ReceivedForm> AtLast { get; } =
    [
        ReceivedForm.Of(@"^{helo} \(\[{ip}\] \[\S+\]\) {by} with "),
        ReceivedForm.Of(@"^{ip} {by} with "),
        ReceivedForm.Of(@"^{helo} \({rdns}\[{ip}\]\) {by} ", looksUpDns: true),
        ReceivedForm.Of(@"^\[{ip}\]\S+ \((?:HELO|EHLO) (?<helo>\S*)\) {by} "),
        ReceivedForm.Of(@"^{ip} \((?:HELO|EHLO) (?<helo>\S*)\) {by} "),
        ReceivedForm.Of(@"^{helo} \[{ip}\] {by} "),
        ReceivedForm.Of(@"^{rdns}\({ip}\) {by} "),
        ReceivedForm.Of(@"^\[{ip}\] {by} \(MailGate "),
        ReceivedForm.Of(@"^{helo} \(unverified \[{ip}\]\) {by} "),
        ReceivedForm.Of(@"^{ip} \([A-Za-z][^)]+\) {by} with "),
        ReceivedForm.Of(@"^\[{ip}\] \((?<sub>[^)]+)\) {by} "),
        ReceivedForm.Of(@"^{rdns} \((?:\S+@)?{ip}\) {by} with "),
        ReceivedForm.Of(@"^(?<rdns>UNKNOWN(?:\(\S*)?)\({ip}\)(?:, claiming to be ""(?<helo>\S+)"")? via \S+ {by},"),
        ReceivedForm.Of(@"^{rdns}\({ip}\)(?:, claiming to be ""(?<helo>\S+)"")? via \S+ {by},", looksUpDns: true),
        ReceivedForm.Of(@"^{helo} \(\S+@{ip} with login\) by (?<by>\S+\.yahoo\.com) with SMTP"),
        ReceivedForm.Of(@"^X-Originating-IP: {ip}$"),
    ];

    /// <summary>Handovers inside one host, by pipe or by hand: no relay.</summary>
    public static IReadOnlyList<PerlRegex> NoRelay { get; } =
    [
        .. new[]
        {
            @"^\S+ \([^\s@]+@{LOCAL}\) by \S+ \(",
            @"^\S+ \S+ by \S+ with local-e?smtp ",
            @"^127\.0\.0\.1 \(AVG SMTP \S+ \[\S+\]\)",
            @"^\S+@\S+ by \S+ by uid \S+ ",
            @"^\S+@\S+ by \S+ ",
            @"^Unknown/Local \(",
            @"^{LOCAL} \((?:\S+@)?{LOCAL}[)\[]",
            @"^\S+ \((?:\S+@)?{LOCAL}\) ",
            @"^\S+ \(\S+@\S+ \[{LOCAL}\]\) ",
            @"^\(AUTH: \S+\) by \S+ with ",
            @"^localhost \(localhost \[\[UNIX: localhost\]\]\) by ",
            @"^\S+\.amazon\.com by \S+\.amazon\.com with ESMTP \(peer crosscheck: ",
            @"^[^.]+ by \S+ with Novell_GroupWise",
            @"^no\.name\.available by \S+ via smtpd \(for ",
        }.Select(ReceivedForm.Compile),
    ];

    public static PerlRegex QmailScanner { get; } = ReceivedForm.Compile(@"^\S+ by \S+ \(.{0,100}\) with qmail-scanner");

    public static IReadOnlyList<PerlRegex> NoRelayToo { get; } =
    [
        .. new[]
        {
            @"^\S+ by \S+ with local",
            @"^\S+ \(\[unix socket\]\) by \S+ \(Cyrus v[0-9]*?\.[0-9]*?\.[0-9]*?\) with LMTPA",
            @"^\S+ by \S+ (?:with|via|for|\()",
            @"^\S+ (?:(?:with|via|for) \S+|\(unverified\)) by\b",
            @"^\S+ \(unknown\) by \S+ \(SG\) with \b",
            @"^\S+ \(\S+ \[local\]\) by \S+ \(OpenSMTPD\) with \b",
            @"\(LSMTP for",
            @"^\(\[{LOCAL}\]\) with MailEnable ",
            @"^facebook\.com \([^)]+\) by facebook\.com with Thrift id \S+$",
            @"^\S+ named \S+ by gmailapi\.google\.com with HTTPREST$",
            @"^\S+ id \S+$",
            @"^\[<.*? \(Jetsend",
        }.Select(ReceivedForm.Compile),
    ];
}
