using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// Looks for our own fields in a returned header: the last resort for users of list software that cannot sign its mail.
/// </summary>
/// <param name="fields">The fields; any one of them is enough.</param>
public sealed class OwnFields(IReadOnlyCollection<OwnField> fields)
{
    private const string Name = "own-field";

    private static readonly Proof _nothing = new(Name, ProofResult.None, "");

    private readonly (byte[] Name, OwnField Field)[] _fields = [.. fields.Select(f => (Encoding.ASCII.GetBytes(f.Name), f))];

    /// <summary>Parses the texts of the configuration.</summary>
    /// <param name="texts">Texts for <see cref="OwnField.TryParse"/>.</param>
    /// <exception cref="FormatException">One of them is not a field that proves anything; the message says
    /// why.</exception>
    public static OwnFields Parse(IEnumerable<string> texts) =>
        new([.. texts.Select(t => OwnField.TryParse(t, out var field, out var error) ? field : throw new FormatException(error))]);

    /// <summary>Searches the returned header for one of the fields.</summary>
    /// <param name="returned">The returned message.</param>
    /// <returns>Pass if a field is there with its value, otherwise none. Never fail: a missing field or another value
    /// refutes nothing.</returns>
    internal Proof Read(ReturnedMessage returned)
    {
        ArgumentNullException.ThrowIfNull(returned);
        if (_fields.Length == 0 || returned.Header.IsEmpty)
        {
            return _nothing;
        }

        var header = returned.Header.Span;
        var found = new List<HeaderField>();
        HeaderScan.ScanLoose(header, found);
        var other = _nothing;
        foreach (var field in found)
        {
            foreach (var (name, own) in _fields)
            {
                if (!field.Is(header, name))
                {
                    continue;
                }

                if (field.Body(header).StartsWith(own.Prefix, StringComparison.Ordinal))
                {
                    // The value is not shown: an explanation is passed on to others more easily than a configuration.
                    return new(
                        Name, ProofResult.Pass,
                        own.Prefix.Length > 0 ? $"{own.Name} begins with the configured "
                            + $"value" : $"{own.Name} is in the returned header")
                    { Reason = Reasons.OwnFieldPass };
                }

                other = new(Name, ProofResult.None, $"{own.Name} is there, but does not begin with the configured value");
            }
        }

        return other;
    }
}
