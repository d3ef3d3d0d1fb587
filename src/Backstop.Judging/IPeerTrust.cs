namespace Backstop.Judging;

/// <summary>What is known of the program at the other end of a connection.</summary>
internal interface IPeerTrust
{
    /// <summary>Whether it is believed when it says that a message is ours, or who its own client is.</summary>
    bool MayVouch { get; }
}
