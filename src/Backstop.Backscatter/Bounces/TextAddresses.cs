using System.Buffers;

namespace Backstop.Backscatter.Bounces;

/// <summary>Finds the addresses in a bounce's text: its recipients, if no field names them.</summary>
internal static class TextAddresses
{
    /// <summary>The most addresses that are returned.</summary>
    public const int MaxAddresses = 10;

    private static readonly SearchValues<char> _inLocalPart =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.");

    private static readonly SearchValues<char> _inDomain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.");

    /// <summary>Returns the addresses in order, each once.</summary>
    public static List<string> Find(ReadOnlySpan<char> text)
    {
        var found = new List<string>();
        for (var at = text.IndexOf('@'); at >= 0 && found.Count < MaxAddresses;)
        {
            var start = text[..at].LastIndexOfAnyExcept(_inLocalPart) + 1;
            var length = text[(at + 1)..].IndexOfAnyExcept(_inDomain);
            var end = length < 0 ? text.Length : at + 1 + length;
            // RFC 5321 allows an apostrophe at the start of a local-part, but in practice it is a quotation mark.
            start += text[start..at].StartsWith("'") ? 1 : 0;
            var address = text[start..end].TrimEnd('.');
            if (start < at && address[(at - start)..].Contains('.')
                && !found.Contains(address.ToString(), StringComparer.OrdinalIgnoreCase))
            {
                found.Add(address.ToString());
            }

            var next = text[end..].IndexOf('@');
            at = next < 0 ? -1 : end + next;
        }

        return found;
    }
}
