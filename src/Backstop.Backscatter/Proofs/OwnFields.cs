using System.Text;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// Looks for our own fields in a returned header. The last resort of those whose mail leaves through list software that nobody can
/// teach to sign.
/// </summary>
/// <param name="fields">The fields; one of them is enough.</param>
public sealed class OwnFields(IReadOnlyCollection<OwnField> fields)
{
    private const string Name = "own-field";

    private static readonly Proof _nothing = new(Name, ProofResult.None, "");

    private readonly (byte[] Name, OwnField Field)[] _fields = [.. fields.Select(f => (Encoding.ASCII.GetBytes(f.Name), f))];

    /// <summary>Reads the texts of a configuration.</summary>
    /// <param name="texts">As <see cref="OwnField.TryParse"/> reads them.</param>
    /// <exception cref="FormatException">One of them is no field that proves anything; the message says why.</exception>
    public static OwnFields Parse(IEnumerable<string> texts) =>
        new([.. texts.Select(t => OwnField.TryParse(t, out var field, out var error) ? field : throw new FormatException(error))]);

    /// <summary>
    /// Reads the returned header for one of the fields: pass where it is there with its value, none otherwise; it never fails.
    /// </summary>
    /// <param name="returned">What came back.</param>
    /// <returns>Pass or none, never fail: that the field is not there, or has another value, says nothing.</returns>
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
                    // Not the value: an explanation is shown to others more easily than a configuration.
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
