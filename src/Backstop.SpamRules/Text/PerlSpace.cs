using System.Buffers;

namespace Backstop.SpamRules.Text;

/// <summary>White space as Perl's <c>\s</c> has it under <c>/a</c>.</summary>
internal static class PerlSpace
{
    private const string Characters = " \t\r\n\f\v";

    private static readonly SearchValues<char> _space = SearchValues.Create(Characters);
    private static readonly char[] _trimmed = Characters.ToCharArray();

    /// <summary>The characters, for methods that trim.</summary>
    public static ReadOnlySpan<char> All => Characters;

    public static bool Is(char c) => c is ' ' or '\t' or '\r' or '\n' or '\f' or '\v';

    public static bool In(ReadOnlySpan<char> text) => text.ContainsAny(_space);

    public static bool IsBlank(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(_space);

    public static string[] Words(string text) => text.Split(_trimmed, StringSplitOptions.RemoveEmptyEntries);

    public static string Trim(string text) => text.Trim(_trimmed);

    public static string TrimStart(string text) => text.TrimStart(_trimmed);

    public static string TrimEnd(string text) => text.TrimEnd(_trimmed);
}
