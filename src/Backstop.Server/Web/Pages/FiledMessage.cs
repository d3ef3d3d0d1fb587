namespace Backstop.Server.Web.Pages;

/// <summary>A filed message.</summary>
/// <param name="Mailbox">The mailbox's address.</param>
/// <param name="Folder">The name of the folder, such as Backscatter.</param>
/// <param name="Id">Its name in the folder: a file name, or its octet position in an mbox.</param>
/// <param name="At">When it arrived.</param>
/// <param name="From">The From field.</param>
/// <param name="Subject">The Subject field.</param>
/// <param name="Reason">Why it was filed.</param>
internal sealed record FiledMessage(
    string Mailbox, string Folder, string Id, DateTimeOffset At, string From, string Subject, string Reason);
