using System.Globalization;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>A message of a mailbox.</summary>
/// <param name="Box">The mailbox or the folder of it that the message lies in.</param>
/// <param name="At">When the message arrived.</param>
/// <param name="Finding">The pile of the message, and the reason.</param>
public sealed record FoundMail(string Box, DateTimeOffset At, Finding Finding)
{
    /// <summary>The place of the message, for people: a path, <c>file#number</c> or <c>folder/uid</c>.</summary>
    public string Name =>
        File.Length > 0 ? Path.Combine(Box, File)
        : string.Create(CultureInfo.InvariantCulture, $"{Box}{(OnServer.Uid > 0 ? '/' : '#')}{Order}");

    /// <summary>The position in the mailbox. Several threads find messages, which are then sorted by it.</summary>
    internal long Order { get; init; }

    /// <summary>The file of a message in a Maildir, relative to the mailbox; else empty.</summary>
    public string File { get; init; } = "";

    /// <summary>The octets of a message in an mbox.</summary>
    internal MboxCut Cut { get; init; }

    /// <summary>What identifies a message on a server when a run is resumed or taken back.</summary>
    internal ServerMessage OnServer { get; init; }
}
