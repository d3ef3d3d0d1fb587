namespace Backstop.Mail;

/// <summary>
/// A message whose header is scanned once and whose MIME parts are found once, for all readers. Used by one thread at a
/// time.
/// </summary>
/// <remarks>
/// The octets are not copied. The caller may afterwards change single octets of a field's name, as renaming of forged
/// fields does: the field is then found under its new name. After any other change a new <see cref="MailMessage"/> is
/// needed.
/// </remarks>
public sealed class MailMessage
{
    // Enough for the header of ordinary mail, so that the list does not grow.
    private const int UsualFields = 32;

    private IReadOnlyList<MimePart>? _parts;
    private IReadOnlyList<MimePart>? _strictParts;

    /// <summary>Scans the header.</summary>
    /// <param name="octets">The message, or its beginning, with CRLF or LF line ends; the caller has limited the size
    /// of the header.</param>
    public MailMessage(ReadOnlyMemory<byte> octets)
    {
        Octets = octets;
        Fields = new(UsualFields);
        (BodyStart, StrictFields, StrictBodyStart) = HeaderScan.ScanBoth(octets.Span, Fields, out var damage);
        Damage = damage;
    }

    /// <summary>The whole message, as given.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>The header fields, including those behind a damaged line (<see cref="HeaderScan.ScanDamaged"/>).</summary>
    public List<HeaderField> Fields { get; }

    /// <summary>Where the body begins if reading continues behind a damaged line.</summary>
    public int BodyStart { get; }

    /// <summary>The first damaged line of the header, or null for a sound one.</summary>
    public HeaderDamage? Damage { get; }

    /// <summary>
    /// The header fields as mail servers and mail programs see them (<see cref="HeaderScan.Scan"/>). Use these where
    /// fields are trusted, counted or renamed.
    /// </summary>
    public List<HeaderField> StrictFields { get; }

    /// <summary>Where the body begins for mail servers and mail programs.</summary>
    public int StrictBodyStart { get; }

    /// <summary>
    /// The message itself and its MIME parts (<see cref="MimeScan"/>), read behind a damaged line too. Computed on
    /// first use.
    /// </summary>
    public IReadOnlyList<MimePart> Parts => _parts ??= MimeScan.Scan(Octets.Span, Fields, BodyStart);

    /// <summary>
    /// The parts as mail programs see them: the same list as <see cref="Parts"/> unless the header is damaged.
    /// </summary>
    public IReadOnlyList<MimePart> StrictParts =>
        ReferenceEquals(Fields, StrictFields) ? Parts : _strictParts ??= MimeScan.Scan(Octets.Span, StrictFields, StrictBodyStart);
}
