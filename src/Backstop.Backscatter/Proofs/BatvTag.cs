using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>The parts of a tagged address, in any dialect.</summary>
/// <param name="Dialect">prvs, prvs-reversed, sub-address, btv1 or msprvs1.</param>
/// <param name="Value">The tag's value.</param>
/// <param name="Original">The address without its tag.</param>
public sealed record BatvTag(string Dialect, string Value, MailAddress Original)
{
    private static readonly System.Buffers.SearchValues<char> _hex = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>
    /// The length of a prvs tag: digits for key and day, and three octets in hex: draft-levine-smtp-batv-01 §4.
    /// </summary>
    internal const int PrvsLength = 10;

    /// <summary>Separates the tag from an address; null if it has none.</summary>
    /// <param name="address">The forward-path's address.</param>
    public static BatvTag? TryParse(MailAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var local = address.LocalPart;
        if (StartsWith(local, "prvs="))
        {
            return Prvs(local.AsSpan(5), address.Domain);
        }

        // Barracuda's and SparkPost's tags: only they can check them; we only remove them.
        if (StartsWith(local, "btv1=="))
        {
            return Split(local.AsSpan(6), "==", "btv1", address.Domain);
        }

        if (StartsWith(local, "msprvs1="))
        {
            return Split(local.AsSpan(8), "=", "msprvs1", address.Domain);
        }

        var plus = local.LastIndexOf("+prvs=", StringComparison.OrdinalIgnoreCase);
        return plus > 0 && IsPrvsValue(local.AsSpan(plus + 6))
            ? new("sub-address", local[(plus + 6)..], new(local[..plus], address.Domain))
            : null;
    }

    private static BatvTag? Prvs(ReadOnlySpan<char> rest, string domain)
    {
        if (rest.Length > PrvsLength + 1 && rest[PrvsLength] == '=' && IsPrvsValue(rest[..PrvsLength]))
        {
            return new("prvs", rest[..PrvsLength].ToString(), new(rest[(PrvsLength + 1)..].ToString(), domain));
        }

        var equals = rest.LastIndexOf('=');
        if (equals > 0 && IsPrvsValue(rest[(equals + 1)..]))
        {
            return new("prvs-reversed", rest[(equals + 1)..].ToString(), new(rest[..equals].ToString(), domain));
        }

        // It looks like a tag but is not one: the value will not verify, but the address behind it is still needed.
        return equals > 0 && equals < rest.Length - 1
            ? new("prvs", rest[..rest.IndexOf('=')].ToString(), new(rest[(rest.IndexOf('=') + 1)..].ToString(), domain))
            : null;
    }

    private static BatvTag? Split(ReadOnlySpan<char> rest, string separator, string dialect, string domain)
    {
        var at = rest.IndexOf(separator);
        return at > 0 && at + separator.Length < rest.Length
            ? new(dialect, rest[..at].ToString(), new(rest[(at + separator.Length)..].ToString(), domain))
            : null;
    }

    private static bool IsPrvsValue(ReadOnlySpan<char> value) =>
        value.Length == PrvsLength && !value[..4].ContainsAnyExceptInRange('0', '9')
        && value[4..].IndexOfAnyExcept(_hex) < 0;

    private static bool StartsWith(string local, string prefix) => local.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
}
