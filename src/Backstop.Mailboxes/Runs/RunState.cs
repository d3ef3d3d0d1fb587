namespace Backstop.Mailboxes.Runs;

/// <summary>The state of a run.</summary>
public enum RunState
{
    /// <summary>It was stopped, or is still going on.</summary>
    Interrupted,

    /// <summary>It is complete, and can be undone.</summary>
    Done,

    /// <summary>Undoing it was stopped, or is still going on.</summary>
    Undoing,

    /// <summary>It was undone.</summary>
    Undone,
}
