namespace Backstop.Judging;

/// <summary>How far the program at the other end of a connection is trusted.</summary>
internal interface IPeerTrust
{
    /// <summary>Whether we believe it when it says that a message is ours, or who its client is.</summary>
    bool MayVouch { get; }

    /// <summary>Whether mail may be said to be ours on the listener that it is connected to; elsewhere it is judged.</summary>
    bool MayClaim { get; }
}
