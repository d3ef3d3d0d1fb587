namespace Backstop.Recipes.Linting;

/// <summary>What each finding is called, and what happens. Figures were measured with procmail 3.22.</summary>
internal static class LintTexts
{
    private static readonly Dictionary<string, (string Name, string Why)> _texts = new(StringComparer.Ordinal)
    {
        ["L01"] = (
            "lock-on-filter",
            "this lock makes all mail wait for one filter at a time, looking every 8 seconds: 0.3-0.5 mails a second were measured, "
                + "and nothing is protected by it"),
        ["L02"] = (
            "no-lock-mbox", "without a lockfile only the kernel's lock is taken, and readers that use dot-locks alone clash with it"),
        ["L03"] = (
            "lock-on-maildir", "a Maildir needs no lock; if its directory does not exist yet, the lock is tried for 56 seconds in vain"),
        ["L04"] = ("filter-without-w", "without w the output of a filter that fails becomes the mail: 13 octets were left of 453"),
        ["L05"] = (
            "program-without-w",
            "without w a program or forward that fails takes the mail with it, and the mail server hears that all is well"),
        ["L06"] = ("filter-may-be-empty", "this filter may succeed and print nothing, and then nothing is the mail, w or not"),
        ["L07"] = ("c-with-filter", "flag c is ignored on a filter and on a captured variable"),
        ["L08"] = ("c-on-block", "the copy runs on behind the block too: what follows is done twice unless the block delivers"),
        ["L09"] = ("lock-on-block", "a lock on a block without c is ignored"),
        ["L10"] = ("implicit-lock-unknown", "the lockfile is named after the file behind >>; this command has none, so no lock is taken"),
        ["L11"] = (
            "lock-without-w", "by its manual procmail releases the lock before the program ends; procmail 3.22 waits for it, as with W"),
        ["L12"] = ("unescaped-dot", "a dot matches any character: other hosts match too"),
        ["L13"] = ("unescaped-star", "a star repeats the character before it; write \\* for a star"),
        ["L14"] = (
            "foreign-regexp",
            "procmail's regular expressions have no {n}, [[:class:]], \\d, \\s, \\w or \\b: these characters are matched literally"),
        ["L15"] = ("leading-backslash", "a backslash that begins a condition is taken away"),
        ["L16"] = ("condition-without-star", "without a star this is not a condition but a folder of that name, which takes all mail"),
        ["L17"] = ("brace-without-blank", "without a blank behind the brace this is a folder of that name, which takes all mail"),
        ["L18"] = ("comment-on-condition", "a # behind a condition is part of it"),
        ["L19"] = ("size-suffix", "sizes are octets and have no suffix: 256k is read as 256"),
        ["L20"] = (
            "variable-without-dollar",
            "variables stand for their values only in conditions that begin with a dollar; here it is a newline and a name"),
        ["L21"] = ("unquoted-variable", "dots and brackets in the value act as a regular expression; $\\NAME takes it literally"),
        ["L22"] = ("loop-guard", "nothing stops a mail loop: this mail may come back and be sent again"),
        ["L23"] = ("reply-to-daemon", "automatic answers to bounces and forged mail are backscatter"),
        ["L24"] = ("forward-bounces", "bounces are forwarded too; one that cannot be delivered bounces again"),
        ["L25"] = ("bounce-by-exitcode", "the mail server writes a bounce to the sender, who is forged: backscatter"),
        ["L26"] = ("host-idiom", "if the host differs the mail is thrown away, and the mail server hears that all is well"),
        ["L27"] = ("half-a-mail", "only one half of the mail is delivered and the other is lost"),
        ["L28"] = ("devnull-early", "one pattern that may match anywhere discards mail for good"),
        ["L29"] = ("i-on-filter", "with i a filter that stops reading early leaves nothing of the mail"),
        ["L30"] = ("crlf", "with CR LF line ends recipes silently do nothing"),
        ["L31"] = ("unclosed", "the rest of the file is swallowed"),
        ["L32"] = (
            "maildir-new",
            "this writes msg.* files into a part of a Maildir, where readers see them half written; the Maildir is the directory "
                + "above, with a slash"),
        ["L33"] = (
            "duplicate-before-delivery",
            "the mail is remembered before it is delivered: when delivery fails and the server tries again, it is thrown away as a "
                + "duplicate"),
        ["L34"] = ("stray-condition", "a condition outside a recipe is skipped"),
        ["L35"] = ("unknown-flag", "this is not a flag here: it is skipped, or names a lockfile"),
        ["L36"] = ("shell-syntax", "this is the shell's syntax, not procmail's, and is taken literally"),
        ["L37"] = (
            "timeout-beyond-mta",
            "procmail waits up to 960 seconds for a program and 1,024 for a lock; Postfix kills it after 1,000 and bounces the mail"),
        ["L38"] = (
            "relative-name", "MAILDIR changes, so this relative name means another file when the lock is given back, and the lock stays"),
        ["L39"] = (
            "recipe-without-action",
            "without an action the first line of the next recipe is taken as a folder's name, and all mail goes there"),
        ["L40"] = (
            "mail-as-command",
            "behind the dollar the message's own words become the condition or a part of a command: \"? command\" or \"$ `command`\" in "
                + "a field of the mail is run"),
    };

    public static IEnumerable<string> Ids => _texts.Keys;

    public static (string Name, string Why) Of(string id) => _texts[id];
}
