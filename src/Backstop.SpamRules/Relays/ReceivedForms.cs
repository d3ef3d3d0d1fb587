using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>
/// A form in which mail servers write <c>Received: from</c> (the word taken off). Groups: ip, rdns, helo, by, ident, id.
/// </summary>
/// <param name="Pattern">From the start of the text.</param>
/// <param name="LooksUpDns">The server that writes so looks the client's name up, so that its absence says something.</param>
internal sealed record ReceivedForm(PerlRegex Pattern, bool LooksUpDns = false)
{
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
    public static ReceivedForm SendmailLike { get; } = Form(@"^{helo} \({rdns} \[{ip}\].*\) {by} \(", looksUpDns: true);

    public static IReadOnlyList<ReceivedForm> BeforeQmail { get; } =
    [
        Form(@"^{helo} \({rdns} \[{ip}\]\) {by} with \S+ \(", looksUpDns: true),
        Form(@"^{rdns} \(\[{ip}\] helo={helo}\) {by} with "),
        Form(@"^{helo} \(<unknown\S*>\[{ip}\]\) {by} "),
        Form(@"^{helo} \((?<rdns>\S+\.\S+)\[{ip}\]\) {by} ", looksUpDns: true),
        Form(@"^{helo} \((?<ident>\S*)@\[{ip}\].*\) {by} \(", looksUpDns: true),
    ];

    public static IReadOnlyList<ReceivedForm> BeforeQmailToo { get; } =
    [
        Form(@"^{rdns} \((?:HELO|EHLO) (?<helo>\S*)\) \({ip}\) {by} \(qpsmtpd/\S+\) with (?:ESMTP|SMTP)"),
        Form(@"^{rdns} \(LHLO (?<helo>\S*)\) \({ip}\) {by} with LMTP"),
        Form(@"^{rdns} \((?:HELO|EHLO) (?<helo>\S*)\) \[{ip}\] {by} \([^)]+\) with (?:ESMTP|SMTP)"),
        Form(@"^{helo} \(\[{ip}\]\) {by} via smtpd \(for \S+\) with SMTP\("),
    ];

    public static PerlRegex QmailShape { get; } = ReceivedForm.Compile(
        @"^\S+( \((?:HELO|EHLO) \S*\))? \((\S+@)?\[?{IP}\]?\)( \(envelope-sender <\S+>\))? by \S+( \(.+\))* with (.* )?(SMTP|QMQP)"
            + "(?:$|[^ ]| (?:$|[^i]|i(?:$|[^d]|d(?:$|[^ ]))))");

    public static IReadOnlyList<ReceivedForm> Qmail { get; } =
    [
        Form(@"^{rdns} \((?:HELO|EHLO) (?<helo>[^ ()]*)\) \((?<ident>\S*)@\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
        Form(@"^{rdns} \((?:HELO|EHLO) (?<helo>[^ ()]*)\) \(\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
        Form(@"^(?<helo>(?<rdns>\S+)) \((?<ident>\S*)@\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
        Form(@"^(?<helo>(?<rdns>\S+)) \(\[?{ip}\]?\)( \(envelope-sender <\S+>\))? {by}"),
    ];

    public static IReadOnlyList<ReceivedForm> AfterQmail { get; } =
    [
        Form(@"^\[{ip}\] {by} via HTTP$"),
        Form(@"^\S+ \( \[{ip}\]\).*? {by} "),
        Form(@"^\({helo} \[{ip}\]\) {by} "),
        Form(@"^\[{ip}\] {by} "),
        Form(@"^\(\[?{ip}\]?\) {by} "),
        Form(@"^{helo} \[{ip}\] {by} \[{IP}\] with ", looksUpDns: true),
        Form(@"^{helo} \[\({ip}\)\] {by} \({IP}\) "),
        Form(@"^{helo} \(\[{ip}\]\) {by} \(", looksUpDns: true),
        Form(@"^{helo} \(softdnserr \[{ip}\]\).*? by (?<by>\S+)\b"),
        Form(@"^{helo} \({rdns} \[{ip}\]\).*? by (?<by>\S+)\b", looksUpDns: true),
        Form(@"^{helo} \(\[(?:{ip}(?:\.\d+)?|{ip4}:\d+)\]\).*? {by} ", looksUpDns: true),
        Form(@"^{helo} \({rdns} \[{ip}\]\)(?: \(authenticated bits=\d+\))? {by} \(", looksUpDns: true),
    ];

    public static IReadOnlyList<ReceivedForm> Last { get; } =
    [
        Form(@"^{rdns} \((?:HELO|EHLO) (?<helo>[^)]*)\) \((?:(?<ident>\S*)@)?\[?{ip}\]?\).* {by} ", looksUpDns: true),
        Form(@"^(?<helo>(?<rdns>\S+)) \((?:(?<ident>\S*)@)?\[?{ip}\]?\).* {by} ", looksUpDns: true),
        Form(@"^\[{ip}\] {by} with http for "),
        Form(@"^{rdns}\({ip}\) {by} via smap ", looksUpDns: true),
        Form(@"^{rdns}\({ip}, (?:HELO|EHLO) (?<helo>\S*)\) {by} via smap ", looksUpDns: true),
        Form(@"^\[{ip}\] {by} \(Post"),
        Form(@"^\[{ip}\] {by} \(ArGoSoft"),
        Form(@"^{ip} {by} \((?:SMTPL|InterScan)\b"),
    ];

    public static IReadOnlyList<ReceivedForm> AfterBatch { get; } =
    [
        Form(@"^{helo} \({rdns} \[{ip}\]\) {by} with ", looksUpDns: true),
        Form(
            @"^{rdns} \((?:HELO|EHLO) (?<helo>\S*)\) \((?:(?<ident>\S+)@)?(?:{ip4}.*?|{ip6}(?:[^A-Fa-f0-9:].*?)?)\) {by} with ",
            looksUpDns: true),
        Form(@"^\[{ip}\] \((?:account \S+ )?(?:HELO|EHLO) (?<helo>\S*)\) {by} \("),
        Form(@"^(?<helo>(?<rdns>\S+)) \(\[{ip}\] verified\) {by} \(.*CommuniGate Pro", looksUpDns: true),
        Form(@"^\(\[{ip}\]\) {by} with "),
        Form(@"^(?<helo>[^\d]\S+) \({ip}\) {by} "),
    ];

    public static IReadOnlyList<ReceivedForm> AtLast { get; } =
    [
        Form(@"^{helo} \(\[{ip}\] \[\S+\]\) {by} with "),
        Form(@"^{ip} {by} with "),
        Form(@"^{helo} \({rdns}\[{ip}\]\) {by} ", looksUpDns: true),
        Form(@"^\[{ip}\]\S+ \((?:HELO|EHLO) (?<helo>\S*)\) {by} "),
        Form(@"^{ip} \((?:HELO|EHLO) (?<helo>\S*)\) {by} "),
        Form(@"^{helo} \[{ip}\] {by} "),
        Form(@"^{rdns}\({ip}\) {by} "),
        Form(@"^\[{ip}\] {by} \(MailGate "),
        Form(@"^{helo} \(unverified \[{ip}\]\) {by} "),
        Form(@"^{ip} \([A-Za-z][^)]+\) {by} with "),
        Form(@"^\[{ip}\] \((?<sub>[^)]+)\) {by} "),
        Form(@"^{rdns} \((?:\S+@)?{ip}\) {by} with "),
        Form(@"^(?<rdns>UNKNOWN(?:\(\S*)?)\({ip}\)(?:, claiming to be ""(?<helo>\S+)"")? via \S+ {by},"),
        Form(@"^{rdns}\({ip}\)(?:, claiming to be ""(?<helo>\S+)"")? via \S+ {by},", looksUpDns: true),
        Form(@"^{helo} \(\S+@{ip} with login\) by (?<by>\S+\.yahoo\.com) with SMTP"),
        Form(@"^X-Originating-IP: {ip}$"),
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

    private static ReceivedForm Form(string pattern, bool looksUpDns = false) => new(ReceivedForm.Compile(pattern), looksUpDns);
}
