using System.Globalization;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>A message of a mailbox.</summary>
/// <param name="Box">The mailbox, or its folder: what its name begins with.</param>
/// <param name="At">When it came.</param>
/// <param name="Finding">Its pile and the reason.</param>
public sealed record FoundMail(string Box, DateTimeOffset At, Finding Finding)
{
    /// <summary>Where it is, for people: a path, <c>file#number</c> or <c>folder/uid</c>.</summary>
    public string Name =>
        File.Length > 0 ? Path.Combine(Box, File)
        : string.Create(CultureInfo.InvariantCulture, $"{Box}{(OnServer.Uid > 0 ? '/' : '#')}{Order}");

    /// <summary>Its place in the mailbox, so that what many threads found can be put in order.</summary>
    internal long Order { get; init; }

    /// <summary>In a Maildir: its file, below the mailbox; else empty.</summary>
    public string File { get; init; } = "";

    /// <summary>In an mbox: its octets.</summary>
    internal MboxCut Cut { get; init; }

    /// <summary>On a server: what is needed to know it again.</summary>
    internal ServerMessage OnServer { get; init; }
}
