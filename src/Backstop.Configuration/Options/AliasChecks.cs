using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>
/// Checks <c>[aliases]</c>: every target is an address of ours, and every alias ends at mailboxes, whatever aliases are between.
/// </summary>
internal sealed class AliasChecks
{
    /// <summary>The most aliases in a row between an address and a mailbox.</summary>
    public const int MaxDepth = 10;

    /// <summary>The most mailboxes of one alias.</summary>
    public const int MaxMailboxes = 100;

    // Stands for whatever is before the @ where a whole domain leads to another: a blank is in no address that is written as it is.
    private const string Anybody = "any address";

    private readonly IConfigProblems _problems;
    private readonly Dictionary<string, (string Path, string Name, IReadOnlyList<string> Targets)> _aliases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _mailboxes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _domains;
    private readonly bool _hasTables;

    private AliasChecks(BackstopOptions options, IConfigProblems problems)
    {
        _problems = problems;
        _hasTables = options.Recipients.Tables.Count > 0;
        _domains = options.Domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        foreach (var (address, mailbox) in options.Mailboxes)
        {
            foreach (var key in mailbox.Aliases.Append(address).Select(KeyOf).OfType<string>())
            {
                _mailboxes.TryAdd(key, KeyOf(address) ?? key);
            }
        }
    }

    /// <summary>Adds an error for each alias that is wrong, at its key.</summary>
    public static void Check(BackstopOptions options, IConfigProblems problems)
    {
        var checks = new AliasChecks(options, problems);
        var isRight = true;
        foreach (var (path, name, targets) in options.AllAliases())
        {
            isRight &= checks.IsRight(path, name, targets);
        }

        if (isRight)
        {
            foreach (var key in checks._aliases.Keys)
            {
                checks.Follow(key);
            }
        }
    }

    /// <summary>Returns the key of an address, or of <c>@domain</c>; null where the text is neither.</summary>
    public static string? KeyOf(string text) =>
        !text.StartsWith('@') ? MailAddress.TryParse(text)?.Key
        : MailAddress.IsDomain(text.AsSpan(1)) ? "@" + MailAddress.DomainKey(text[1..])
        : null;

    // Adds it, and says whether the name and each target are addresses of ours.
    private bool IsRight(string path, string name, IReadOnlyList<string> targets)
    {
        if (KeyOf(name) is not { } key)
        {
            return Wrong(path, $"\"{name}\" is not an address; write one such as \"sales@example.org\", or \"@example.org\"");
        }

        if (!IsLocal(key))
        {
            return Wrong(path, $"\"{name}\" is not in one of the domains; add its domain to domains");
        }

        if (!_aliases.TryAdd(key, (path, name, targets)))
        {
            return Wrong(path, $"\"{name}\" is the same as {_aliases[key].Path}; write one list for both");
        }

        if (key[0] == '@' && _mailboxes.ContainsKey(key))
        {
            return Wrong(path, $"a mailbox has \"{name}\" among its aliases; remove one of them");
        }

        if (targets.Count == 0)
        {
            return Wrong(path, "the list is empty; write at least one address, or remove the alias");
        }

        return targets.Select(t => IsRightTarget(path, key, t)).ToList().TrueForAll(right => right);
    }

    private bool IsRightTarget(string path, string alias, string target)
    {
        if (KeyOf(target) is not { } key)
        {
            return Wrong(path, $"\"{target}\" is not an address; write one such as \"me@example.org\"");
        }

        if (key[0] == '@' && alias[0] != '@')
        {
            return Wrong(path, $"\"{target}\" is a domain; only an alias of a whole domain can lead to one");
        }

        return IsLocal(key) || Wrong(
            path, $"\"{target}\" is not in one of the domains, and mail is not forwarded to other hosts; write an address of yours");
    }

    // Every way from the alias ends at mailboxes.
    private void Follow(string key)
    {
        var (path, name, targets) = _aliases[key];
        var walk = new Walk(path, key);
        if (!targets.All(t => Reaches(TargetOf(t, Anybody), walk)))
        {
            return;
        }

        if (walk.Found.Count > MaxMailboxes)
        {
            Wrong(walk.Path, $"it leads to {walk.Found.Count} mailboxes, and an alias may have {MaxMailboxes}; use list software for more");
        }
        else if (_mailboxes.TryGetValue(key, out var own) && key[0] != '@' && !walk.Found.Contains(own))
        {
            _problems.Warn(
                walk.Path, $"the mailbox {name} gets none of its mail any more: all goes to {string.Join(", ", targets.Take(3))}; "
                    + $"write \"{name}\" in the list too if it is to keep a copy");
        }
    }

    // False where a problem was added.
    private bool Reaches(MailAddress target, Walk walk)
    {
        foreach (var form in Forms(target))
        {
            if (form[0] == '@' && MailAddress.IsRoleName(target.LocalPart))
            {
                return true;
            }

            // An alias that led here is followed once: behind it stands the mailbox with its address.
            if (_aliases.ContainsKey(form) && !walk.Way.Contains(form))
            {
                return Reaches(form, target.LocalPart, walk);
            }

            if (_mailboxes.TryGetValue(form, out var mailbox))
            {
                walk.Found.Add(mailbox);
                return true;
            }
        }

        if (_hasTables)
        {
            // A table may have it, which is seen when it is asked.
            return true;
        }

        return walk.Way.Exists(w => Forms(target).Contains(w))
            ? Wrong(walk.Path, $"it leads back to itself: {string.Join(" -> ", walk.Way)} -> {target}; name a mailbox instead")

            // Which addresses of the other domain exist is seen when one is written to.
            : target.LocalPart == Anybody
                || Wrong(walk.Path, $"no mailbox has the address {target}; add [mailboxes.\"{target}\"], or write another address");
    }

    private bool Reaches(string alias, string localPart, Walk walk)
    {
        if (!walk.Done.Add(alias))
        {
            return true;
        }

        if (walk.Way.Count >= MaxDepth)
        {
            var way = string.Join(" -> ", walk.Way);
            return Wrong(walk.Path, $"more than {MaxDepth} aliases in a row: {way}; name the mailboxes themselves");
        }

        walk.Way.Add(alias);
        var reaches = _aliases[alias].Targets.All(t => Reaches(TargetOf(t, localPart), walk));
        walk.Way.RemoveAt(walk.Way.Count - 1);
        return reaches;
    }

    private static MailAddress TargetOf(string target, string localPart) =>
        target.StartsWith('@') ? new(localPart, target[1..]) : MailAddress.TryParse(target)!;

    private static string[] Forms(MailAddress address) =>
        [address.Key, MailAddress.KeyWithoutDetail(address.Key), "@" + MailAddress.DomainKey(address.Domain)];

    private bool IsLocal(string key) => _domains.Contains(key[(key.LastIndexOf('@') + 1)..]);

    private bool Wrong(string path, string message)
    {
        _problems.Add(path, message);
        return false;
    }

    // The way from one alias, in which its targets are followed one after the other.
    private sealed class Walk(string path, string first)
    {
        public string Path => path;

        public List<string> Way { get; } = [first];

        public HashSet<string> Done { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Found { get; } = new(StringComparer.Ordinal);
    }
}
