namespace Backstop.Mail;

/// <summary>
/// A message whose header is scanned once and whose parts are found once, for everybody who reads it. Used by one thread at a time.
/// </summary>
/// <remarks>
/// The octets are not copied. An octet of a field's name may be changed behind the scan (forged fields are renamed so): the field
/// is found under its new name then. Whoever changes more makes another <see cref="MailMessage"/>.
/// </remarks>
public sealed class MailMessage
{
    // Room for the header of ordinary mail, so that the list does not grow.
    private const int UsualFields = 32;

    private IReadOnlyList<MimePart>? _parts;
    private IReadOnlyList<MimePart>? _strictParts;

    /// <summary>Scans the header.</summary>
    /// <param name="octets">The message, or its front, with CRLF or LF line ends; its header block must have been capped.</param>
    public MailMessage(ReadOnlyMemory<byte> octets)
    {
        Octets = octets;
        Fields = new(UsualFields);
        (BodyStart, StrictFields, StrictBodyStart) = HeaderScan.ScanBoth(octets.Span, Fields, out var damage);
        Damage = damage;
    }

    /// <summary>The message as it lies in memory.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>The header fields; a damaged header is read on, as <see cref="HeaderScan.ScanDamaged"/> does.</summary>
    public List<HeaderField> Fields { get; }

    /// <summary>Where the body begins for who reads a damaged header on.</summary>
    public int BodyStart { get; }

    /// <summary>The first damaged line of the header, or null for a sound one.</summary>
    public HeaderDamage? Damage { get; }

    /// <summary>
    /// The header fields as mail servers and programs see them, as <see cref="HeaderScan.Scan"/> does: for what is trusted, counted
    /// or renamed.
    /// </summary>
    public List<HeaderField> StrictFields { get; }

    /// <summary>Where the body begins for mail servers and programs.</summary>
    public int StrictBodyStart { get; }

    /// <summary>
    /// The message itself and the parts inside (<see cref="MimeScan"/>), with a damaged header read on. Found when first asked for.
    /// </summary>
    public IReadOnlyList<MimePart> Parts => _parts ??= MimeScan.Scan(Octets.Span, Fields, BodyStart);

    /// <summary>The parts as mail programs see them: the same list as <see cref="Parts"/> unless a damaged header was read on.</summary>
    public IReadOnlyList<MimePart> StrictParts =>
        ReferenceEquals(Fields, StrictFields) ? Parts : _strictParts ??= MimeScan.Scan(Octets.Span, StrictFields, StrictBodyStart);
}
