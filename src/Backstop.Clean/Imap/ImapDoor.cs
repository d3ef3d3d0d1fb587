using System.Runtime.ExceptionServices;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace Backstop.Clean.Imap;

/// <summary>
/// The only access to MailKit. Whatever MailKit throws during a call is a fault of the server, and is turned into an
/// <see cref="ImapFault"/>. Code of ours runs outside <see cref="AskAsync{T}"/>, so that a bug in it is not reported as
/// a fault of the server.
/// </summary>
/// <param name="client">MailKit's client.</param>
/// <param name="stream">The checked stream under the client; null before there is a connection.</param>
/// <param name="address">The server, for messages.</param>
internal sealed class ImapDoor(ImapClient client, ImapCheckedStream? stream, ImapAddress address) : IDisposable
{
    // A larger mailbox is not read in one run. The limit also keeps a set such as 1:4294967295 from being expanded.
    private const int MaxIds = 1_000_000;

    public ImapAddress Address => address;

    public ImapCapabilities Capabilities => client.Capabilities;

    /// <summary>Makes one call of MailKit.</summary>
    /// <param name="question">The call, and nothing else.</param>
    /// <param name="ct">The token that the call uses. A cancellation of it is not reported as a fault of the
    /// server.</param>
    /// <exception cref="ImapFault">The server refused the command, gave a false answer, or closed the
    /// connection.</exception>
    public async Task<T> AskAsync<T>(Func<ImapClient, Task<T>> question, CancellationToken ct)
    {
        try
        {
            return await question(client);
        }
        catch (OwnFault own)
        {
            ExceptionDispatchInfo.Throw(own.InnerException!);
            throw;
        }
        catch (Exception error) when (error is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            throw stream?.Fault ?? FaultOf(error);
        }
    }

    /// <summary>Makes one call of MailKit that returns nothing.</summary>
    /// <param name="question">The call, and nothing else.</param>
    /// <param name="ct">The token that the call uses. A cancellation of it is not reported as a fault of the
    /// server.</param>
    public Task AskAsync(Func<ImapClient, Task> question, CancellationToken ct) => AskAsync(
        async c =>
        {
            await question(c);
            return true;
        },
        ct);

    /// <summary>Finds a folder and opens it.</summary>
    /// <param name="name">The folder's name on the server.</param>
    /// <param name="access">Whether it is opened for changes.</param>
    /// <param name="ct">Ends the wait for the server.</param>
    /// <exception cref="ImapFault">There is no such folder, or the server refused to open it.</exception>
    public Task<ImapFolder> OpenFolderAsync(string name, FolderAccess access, CancellationToken ct) => AskAsync(
        async c =>
        {
            var folder = (ImapFolder)await c.GetFolderAsync(name, ct);
            await folder.OpenAsync(access, ct);
            return folder;
        },
        ct);

    /// <summary>
    /// Runs code of ours in a callback of MailKit, so that an exception of it is not reported as a fault of the server.
    /// </summary>
    public static void Own(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is not ImapFault and not OperationCanceledException)
        {
            throw new OwnFault(error);
        }
    }

    /// <summary>Expands a set of message numbers that the server sent.</summary>
    /// <param name="ids">MailKit's list, which may stand for long ranges.</param>
    /// <param name="most">How many numbers there may be.</param>
    /// <exception cref="ImapFault">There are more.</exception>
    public IReadOnlyList<UniqueId> Bounded(IList<UniqueId> ids, int most = MaxIds) =>
        (uint)ids.Count > (uint)most ? throw Lie($"the server sent more than {most} message numbers") : [.. ids];

    /// <summary>Makes the fault for an answer that MailKit accepts although it cannot be true.</summary>
    /// <param name="what">The end of the sentence that begins with the server's address.</param>
    public ImapFault Lie(string what) => new(CleanFailure.Protocol, $"{address}: {what}");

    public void Dispose() => client.Dispose();

    /// <summary>
    /// Turns an exception into a line for the person at the terminal. For a failed login the server's text is left out,
    /// since it may repeat the password.
    /// </summary>
    private ImapFault FaultOf(Exception error) => error switch
    {
        ImapFault fault => fault,
        AuthenticationException =>
            new(
                CleanFailure.Unavailable,
                $"{address}: the server refused the login of {address.User}; check the user and the password or token")
            { MayPass = false },
        FolderNotFoundException missing =>
            new(CleanFailure.NoInput, $"{address}: no such folder: {OneLine(missing.FolderName)}") { MayPass = false },
        ImapCommandException refused =>
            new(
                CleanFailure.Unavailable, $"{address}: {OneLine(refused.Message)}")
            { MayPass = refused.Response != ImapCommandResponse.Bad },
        IOException or ServiceNotConnectedException or ServiceNotAuthenticatedException or TimeoutException
            or OperationCanceledException or ObjectDisposedException
            => new(CleanFailure.Unavailable, $"{address}: {OneLine(error.Message)}"),
        _ => new(CleanFailure.Protocol, $"{address}: the server's answer cannot be read: {OneLine(error.Message)}"),
    };

    // The server's text is shown on a terminal, so control characters are removed.
    private static string OneLine(string text) =>
        string.Concat(
            text.Take(300).Select(c =>
                char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? ' ' : c));

    private sealed class OwnFault(Exception inner) : Exception(inner.Message, inner);
}
