namespace Backstop.Mailboxes.Runs;

/// <summary>What taking a run back did.</summary>
/// <param name="Restored">Messages that are where they were.</param>
/// <param name="Missing">Messages that are not where the run put them: somebody has moved or deleted them.</param>
/// <param name="Appended">Of those restored, how many stand at the end of their mbox, because it was rewritten since.</param>
public readonly record struct UndoResult(int Restored, int Missing, int Appended)
{
    /// <summary>The sums of two.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static UndoResult operator +(UndoResult left, UndoResult right) =>
        new(left.Restored + right.Restored, left.Missing + right.Missing, left.Appended + right.Appended);

    /// <summary>The same for languages without operators.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static UndoResult Add(UndoResult left, UndoResult right) => left + right;
}
