namespace Backstop.Posix.Programs;

/// <summary>The end of a program.</summary>
/// <param name="Status">Its exit status, or 128 plus the number of the signal that ended it.</param>
/// <param name="Output">Its output, if that was to be returned.</param>
/// <param name="Errors">Its standard error, if that was to be returned.</param>
/// <param name="TookAll">Whether it read all of its input.</param>
/// <param name="TimedOut">Whether it was ended because of its time limit.</param>
internal sealed record ProgramEnd(int Status, ReadOnlyMemory<byte> Output, ReadOnlyMemory<byte> Errors, bool TookAll, bool TimedOut);
