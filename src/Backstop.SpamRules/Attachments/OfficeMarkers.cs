using System.Buffers;
using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Attachments;

/// <summary>
/// Octets that tell what an office document holds (Plugin/OLEVBMacro.pm). Documents are searched, not read: nothing is followed.
/// </summary>
internal static class OfficeMarkers
{
    private const int HeadLength = 2000;
    private const int MinLink = 10;
    private const int MaxLink = 2000;
    private const int MinPlain = 5;
    private const int MaxHead = 1000;

    private static readonly SearchValues<char> _punctuation = SearchValues.Create("?!:,.;");
    private static readonly string _compoundFile = Octets.FromBytes([0xD0, 0xCF, 0x11, 0xE0]);
    private static readonly string _encryptedPackage = Wide("EncryptedPackage").TrimEnd('\0');
    private static readonly string _workbook = Wide("Workbook");
    private static readonly PerlRegex _encryption = new("<encryption xmlns", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _opens = new("(?:document|auto|workbook)_?open", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _csv = new("MSEXCEL\\|.{1,20}Windows\\\\System32\\\\cmd\\.exe");
    private static readonly PerlRegex _macroTypes = new(
        "ContentType=[\"']application/vnd\\.ms-office\\.vbaProject[\"']|macroEnabled|application/vnd\\.ms-excel\\.(?:intl)?macrosheet",
        RegexOptions.IgnoreCase);

    private static readonly string[] _macros = ["\0Attribut\0", "\u0001\0O\0l\0e\01\00\0N\0a\0"];
    private static readonly string[] _others = ["\\objemb", "\\objdat", "\\ objdat", "w:macrosPresent=\"yes\"", "vbaProject.bin.rels"];

    /// <summary>Whether it is a compound file, the form of office documents up to 2003 and of encrypted ones.</summary>
    public static bool IsCompound(string data) => data.StartsWith(_compoundFile, StringComparison.Ordinal);

    public static bool HasMacro(string data)
    {
        MessageBudget.Charge(data.Length);
        return Array.Exists(IsCompound(data) ? _macros : _others, marker => data.Contains(marker, StringComparison.Ordinal));
    }

    /// <summary>Whether a macro runs when the document is opened.</summary>
    public static bool RunsByItself(string data) => _opens.IsMatch(data);

    public static bool HasMacroType(string contentTypes) => _macroTypes.IsMatch(contentTypes);

    public static bool RunsCommand(string csv)
    {
        MessageBudget.Charge(csv.Length);
        return csv.Contains("cmd.exe", StringComparison.Ordinal) && _csv.IsMatch(csv);
    }

    public static bool IsEncrypted(string data)
    {
        if (!IsCompound(data))
        {
            return false;
        }

        var head = data[..Math.Min(data.Length, HeadLength)];
        if (_encryption.IsMatch(data) || head.Contains(_encryptedPackage, StringComparison.Ordinal)
            || head.Contains("E n c r y p t e d P a c k a g e", StringComparison.Ordinal))
        {
            return true;
        }

        bool Is(int at, byte value) => at < data.Length && (byte)data[at] == value;
        return !head.Contains(_workbook, StringComparison.Ordinal) && (Is(0x208, 0xFE) || Is(0x214, 0x2F) || Is(0x20B, 0x13));
    }

    /// <summary>Whether it holds a link to a program, as macros that download one do.</summary>
    public static bool HasProgramLink(string data)
    {
        MessageBudget.Charge(data.Length);
        for (var at = 0; (at = data.IndexOf("\0http", at, StringComparison.OrdinalIgnoreCase)) >= 0; at += "\0http".Length)
        {
            var start = at + "\0http".Length;
            start += start < data.Length && data[start] is 's' or 'S' ? 1 : 0;
            if (data.AsSpan(start).StartsWith("://") && LeadsToProgram(data.AsSpan(start + "://".Length)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool LeadsToProgram(ReadOnlySpan<char> link)
    {
        for (var i = 0; i + 4 < link.Length && i <= MaxLink && IsOfLink(link[i]); i++)
        {
            if (i >= MinLink && link[i] == '.' && link[i + 4] is '\x06' or '|' or '\0'
                && IsProgram(link.Slice(i + 1, 3)) && EndsPlain(link[..i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a link ends without punctuation. The longer the link, the more of its end is examined.</summary>
    private static bool EndsPlain(ReadOnlySpan<char> link) =>
        !link[^Math.Max(MinPlain, link.Length - MaxHead)..].ContainsAny(_punctuation);

    private static bool IsProgram(ReadOnlySpan<char> extension) => extension.Equals("exe", StringComparison.OrdinalIgnoreCase)
        || extension.Equals("cmd", StringComparison.OrdinalIgnoreCase) || extension.Equals("bat", StringComparison.OrdinalIgnoreCase);

    private static bool IsOfLink(char c) => char.IsAsciiLetterOrDigit(c) || "-+&@#/%?=~_|!:,.;".Contains(c, StringComparison.Ordinal);

    private static string Wide(string text) => string.Concat(text.Select(c => $"{c}\0"));
}
