namespace Backstop.Mail;

/// <summary>The first damaged place in a message's header.</summary>
/// <param name="Line">The number of the first line that is neither a field nor the continuation of one; 1 for a byte order mark or
/// an empty line in front.</param>
/// <param name="IsCut">True: the header ends at that line. False: well-known fields follow it, and they were read
/// too.</param>
public sealed record HeaderDamage(int Line, bool IsCut);
