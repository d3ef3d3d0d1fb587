using System.Globalization;
using Backstop.Backscatter;
using Backstop.Backscatter.Campaigns;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>What a message of a mailbox is, and why.</summary>
/// <param name="Pile">Where it belongs.</param>
/// <param name="Kind">The word for what it is, such as <c>bounce</c>; <c>none</c> for mail.</param>
/// <param name="Reason">What put it on that pile: a reason of the judge, or one of <see cref="Doubts"/>.</param>
/// <param name="Key">Its campaign.</param>
/// <param name="Host">The name of the host that it came from, or null.</param>
/// <param name="Address">That host's address, or null.</param>
/// <param name="Domain">The domain that sent it, where the message is unsure because the owner has written there; else null.</param>
public sealed record Judgement(Pile Pile, string Kind, Reason Reason, CampaignKey Key, string? Host, string? Address, string? Domain)
{
    /// <summary>Mail, as most is.</summary>
    internal static readonly Judgement Mail = new(Pile.Mail, "none", Reasons.Mail, default, null, null, null);
}

/// <summary>A message of a mailbox.</summary>
/// <param name="Box">The mailbox, or its folder: what its name begins with.</param>
/// <param name="At">When it came.</param>
/// <param name="Judgement">Its pile and the reason.</param>
public sealed record FoundMail(string Box, DateTimeOffset At, Judgement Judgement)
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
