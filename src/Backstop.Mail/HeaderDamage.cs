namespace Backstop.Mail;

/// <summary>Where a message's header is damaged.</summary>
/// <param name="Line">The number of the first line that is neither a field nor the continuation of one; 1 for a byte order mark or
/// an empty line in front.</param>
/// <param name="IsCut">Whether the header ends there. False: well-known fields follow, and reading went on.</param>
public sealed record HeaderDamage(int Line, bool IsCut);
