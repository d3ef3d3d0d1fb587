namespace Backstop.Posix.Programs;

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status, or 128 and the signal that ended it.</param>
/// <param name="Output">What it wrote, where that was asked for.</param>
/// <param name="Errors">What it wrote to standard error, where that was asked for.</param>
/// <param name="TookAll">Whether it read all of its input.</param>
/// <param name="TimedOut">Whether it was ended for being late.</param>
internal sealed record ProgramEnd(int Status, ReadOnlyMemory<byte> Output, ReadOnlyMemory<byte> Errors, bool TookAll, bool TimedOut);
