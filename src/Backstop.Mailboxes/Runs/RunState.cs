namespace Backstop.Mailboxes.Runs;

/// <summary>How far a run got.</summary>
public enum RunState
{
    /// <summary>It was stopped, or is still at it.</summary>
    Interrupted,

    /// <summary>It is done, and can be taken back.</summary>
    Done,

    /// <summary>Taking it back was stopped, or is still going on.</summary>
    Undoing,

    /// <summary>It is taken back.</summary>
    Undone,
}
