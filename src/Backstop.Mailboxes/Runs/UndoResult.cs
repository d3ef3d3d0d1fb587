namespace Backstop.Mailboxes.Runs;

/// <summary>The result of undoing a run.</summary>
/// <param name="Restored">The number of messages back in their former place.</param>
/// <param name="Missing">The number of messages that somebody has moved or deleted since the run.</param>
/// <param name="Appended">How many of the restored ones stand at the end of their mbox, because it was rewritten
/// since.</param>
public readonly record struct UndoResult(int Restored, int Missing, int Appended)
{
    /// <summary>Adds two results.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static UndoResult operator +(UndoResult left, UndoResult right) =>
        new(left.Restored + right.Restored, left.Missing + right.Missing, left.Appended + right.Appended);

    /// <summary>Adds two results, for languages without operators.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static UndoResult Add(UndoResult left, UndoResult right) => left + right;
}
