namespace Backstop.Server.Web.Pages;

/// <summary>A message beside an inbox.</summary>
/// <param name="Mailbox">The mailbox's address.</param>
/// <param name="Folder">The folder.</param>
/// <param name="Id">Its name in the folder: a file's, or an octet's number in an mbox.</param>
/// <param name="At">When it came.</param>
/// <param name="From">Its From field.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Reason">Why it is there.</param>
internal sealed record FiledMessage(
    string Mailbox, string Folder, string Id, DateTimeOffset At, string From, string Subject, string Reason);
