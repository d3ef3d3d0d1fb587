using System.Runtime.ExceptionServices;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace Backstop.Clean.Imap;

/// <summary>
/// The only way to the library: whatever it throws while it is asked is a fault of the server, and becomes an
/// <see cref="ImapFault"/>. Nothing else is done inside <see cref="AskAsync{T}"/>, so a bug of ours is not taken for one.
/// </summary>
/// <param name="client">The library's client.</param>
/// <param name="guard">Its connection; null before there is one.</param>
/// <param name="address">The server.</param>
internal sealed class ImapDoor(ImapClient client, ImapGuardStream? guard, ImapAddress address) : IDisposable
{
    // A mailbox with more is not read in one run; a set such as 1:4294967295 must not be written out.
    private const int MaxIds = 1_000_000;

    public ImapAddress Address => address;

    public ImapCapabilities Capabilities => client.Capabilities;

    /// <summary>Asks the server.</summary>
    /// <param name="question">The library's call, and nothing else.</param>
    /// <param name="ct">The token that the question heeds: where it is cancelled, that is no fault of the server.</param>
    /// <exception cref="ImapFault">The server refused it, lied or left.</exception>
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
            throw guard?.Fault ?? FaultOf(error);
        }
    }

    /// <summary>Asks for what has no answer but success.</summary>
    /// <param name="question">As for <see cref="AskAsync{T}"/>.</param>
    /// <param name="ct">The token that the question heeds: where it is cancelled, that is no fault of the server.</param>
    public Task AskAsync(Func<ImapClient, Task> question, CancellationToken ct) => AskAsync(
        async c =>
        {
            await question(c);
            return true;
        },
        ct);

    /// <summary>Does work of ours where the library calls back: what fails there is not the server's fault.</summary>
    /// <param name="work">The work.</param>
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

    /// <summary>Numbers that a server gave, written out.</summary>
    /// <param name="ids">As the library has them: ranges may be long.</param>
    /// <param name="most">How many there can be.</param>
    /// <exception cref="ImapFault">There are more.</exception>
    public IReadOnlyList<UniqueId> Bounded(IList<UniqueId> ids, int most = MaxIds) =>
        (uint)ids.Count > (uint)most ? throw Lie($"it numbers more than {most} messages") : [.. ids];

    /// <summary>A fault that the library does not see.</summary>
    /// <param name="what">What the server said.</param>
    public ImapFault Lie(string what) => new(CleanFailure.Protocol, $"{address}: {what}");

    public void Dispose() => client.Dispose();

    /// <summary>
    /// What a failure means for the person at the terminal. Of a login only the kind is told: a server may repeat what we sent.
    /// </summary>
    private ImapFault FaultOf(Exception error) => error switch
    {
        ImapFault fault => fault,
        AuthenticationException =>
            new(CleanFailure.Unavailable, $"{address}: the server refused the login of {address.User}") { MayPass = false },
        FolderNotFoundException missing =>
            new(CleanFailure.NoInput, $"{address}: no folder {OneLine(missing.FolderName)}") { MayPass = false },
        ImapCommandException refused =>
            new(
                CleanFailure.Unavailable, $"{address}: {OneLine(refused.Message)}")
            { MayPass = refused.Response != ImapCommandResponse.Bad },
        IOException or ServiceNotConnectedException or ServiceNotAuthenticatedException or TimeoutException or OperationCanceledException or ObjectDisposedException
            => new(CleanFailure.Unavailable, $"{address}: {OneLine(error.Message)}"),
        _ => new(CleanFailure.Protocol, $"{address}: the server's answer is not understood: {OneLine(error.Message)}"),
    };

    // A server's words go to a terminal.
    private static string OneLine(string text) =>
        string.Concat(
            text.Take(300).Select(c =>
                char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? ' ' : c));

    private sealed class OwnFault(Exception inner) : Exception(inner.Message, inner);
}
