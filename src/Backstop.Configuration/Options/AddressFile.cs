using System.Globalization;
using System.Text;
using Backstop.Mail;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>
/// A table of addresses in a text file, as postmap(1) reads them: a line has an address, or <c>@domain</c>, and the addresses that it
/// leads to; one without any is an address with a mailbox. A line that begins with a blank continues the one before; # begins a comment.
/// </summary>
internal static class AddressFile
{
    private const int MaxLength = 64 << 20;
    private const int MaxErrors = 20;

    private static readonly char[] _separators = [' ', '\t', ','];

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="isLocal">Whether a domain, as a key, is one of ours.</param>
    /// <returns>What each key leads to, as it is written; and the errors, each with file and line. The entries may be used only if there
    /// are no errors.</returns>
    public static (IReadOnlyDictionary<string, string> Entries, IReadOnlyList<string> Errors) Read(string path, Func<string, bool> isLocal)
    {
        try
        {
            using var file = RegularFile.Open(path, followLinks: true);
            if (RandomAccess.GetLength(file) > MaxLength)
            {
                return (Parsed.Nothing, [$"{path}: larger than 64 MiB; keep so many addresses in a database"]);
            }

            using var stream = new FileStream(file, FileAccess.Read);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return Parse(reader.ReadToEnd(), path, isLocal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (Parsed.Nothing, [error.Message]);
        }
    }

    /// <summary>Parses the text of a file.</summary>
    public static (IReadOnlyDictionary<string, string> Entries, IReadOnlyList<string> Errors) Parse(
        string text, string path, Func<string, bool> isLocal)
    {
        var parsed = new Parsed(path, isLocal);
        var (entry, first, number) = ("", 0, 0);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.TrimStart() is [] or ['#', ..])
            {
                continue;
            }

            if (line[0] is ' ' or '\t' && first > 0)
            {
                entry = $"{entry} {line}";
                continue;
            }

            parsed.Add(entry, first);
            (entry, first) = (line.ToString(), number);
        }

        parsed.Add(entry, first);
        return (parsed.Entries, parsed.Errors);
    }

    /// <summary>Returns the addresses that a table says an address leads to.</summary>
    /// <param name="value">Addresses with commas or blanks between; empty for none.</param>
    /// <param name="key">The address, or <c>@domain</c>, which may lead to another <c>@domain</c>: that is without local-part in the
    /// result.</param>
    /// <param name="isLocal">Whether a domain, as a key, is one of ours.</param>
    /// <param name="error">What is wrong, where the result is null.</param>
    public static IReadOnlyList<MailAddress>? TargetsOf(string value, string key, Func<string, bool> isLocal, out string error)
    {
        var targets = new List<MailAddress>();
        foreach (var word in value.Split(_separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var target = !word.StartsWith('@') ? MailAddress.TryParse(word)
                : key.StartsWith('@') && MailAddress.IsDomain(word.AsSpan(1)) ? new MailAddress("", word[1..])
                : null;
            if (target is null)
            {
                error = $"\"{Short(word)}\" is not an address; write addresses such as \"me@example.org\" behind \"{key}\"";
                return null;
            }

            if (!isLocal(MailAddress.DomainKey(target.Domain)))
            {
                error = $"\"{Short(word)}\" is not in one of the domains, and mail is not forwarded to other hosts";
                return null;
            }

            targets.Add(target);
        }

        error = targets.Count > AliasChecks.MaxMailboxes
            ? $"\"{key}\" leads to {targets.Count} addresses, and an alias may have {AliasChecks.MaxMailboxes}; use list software for more"
            : "";
        return error.Length > 0 ? null : targets;
    }

    private static string Short(string word) => word.Length > 60 ? word[..60] + "..." : word;

    private sealed class Parsed(string path, Func<string, bool> isLocal)
    {
        private readonly Dictionary<string, string> _entries = new(StringComparer.Ordinal);

        public static IReadOnlyDictionary<string, string> Nothing { get; } = new Dictionary<string, string>();

        public IReadOnlyDictionary<string, string> Entries => _entries;

        public List<string> Errors { get; } = [];

        public void Add(string entry, int line)
        {
            if (line == 0 || Errors.Count > MaxErrors)
            {
                return;
            }

            var end = entry.AsSpan().IndexOfAny(' ', '\t');
            var (name, value) = end < 0 ? (entry, "") : (entry[..end], entry[end..].Trim());
            var wrong = AliasChecks.KeyOf(name) is not { } key
                    ? $"\"{Short(name)}\" is not an address; write one such as \"me@example.org\", or \"@example.org\""
                : key[0] == '@' && value.Length == 0 ? $"\"{name}\" leads nowhere; write an address behind it"
                : TargetsOf(value, key, isLocal, out var error) is null ? error
                : !_entries.TryAdd(key, value) ? $"\"{Short(name)}\" is there twice; remove one of the lines"
                : "";
            if (wrong.Length > 0)
            {
                Errors.Add(string.Create(CultureInfo.InvariantCulture, $"{path}:{line}: {wrong}"));
            }
        }
    }
}
