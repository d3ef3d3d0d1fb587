using System.Net;
using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Posix;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Guard;

/// <summary>
/// Decides which programs on this host are trusted to say that a message is ours, so that it is signed and journalled:
/// such a program can forge proof. A peer on another host is trusted through <c>guard.servers</c> only.
/// </summary>
internal sealed partial class LocalPeers(BackstopOptions options, TimeProvider time, ILogger<LocalPeers> log)
{
    // The first number that useradd gives to a person; "nobody" has a much higher one.
    private const uint FirstPerson = 1000;

    private readonly HashSet<uint> _users =
        [0, FileOwner.Me, .. options.Guard.Users.Append(options.Listen.SocketOwner).Select(UserAccount.NumberOf).OfType<uint>()];

    private readonly uint? _group = options.Listen.SocketGroup.Length > 0 ? GroupAccount.Find(options.Listen.SocketGroup) : null;
    private readonly Seldom _refused = new(time);
    private readonly Seldom _unknown = new(time);

    /// <summary>Returns the peer of a Kestrel connection.</summary>
    public LocalPeer Of(ConnectionContext connection, string protocol) =>
        new(this, connection.Features.Get<IConnectionSocketFeature>()?.Socket, protocol);

    /// <summary>Finds the user at the other end, and decides whether it is trusted.</summary>
    public bool MayVouch(Socket? socket, string protocol)
    {
        var peer = socket is null ? new(PeerPlace.Gone, 0, []) : SocketPeer.Of(socket);
        if (peer.Place == PeerPlace.Unknown && _unknown.Count(out _))
        {
            LogUnknown(protocol);
        }

        var may = peer.Place switch
        {
            PeerPlace.Here => IsTrusted(peer, isUnix: socket!.AddressFamily == AddressFamily.Unix),
            PeerPlace.Gone => false,
            _ => socket!.AddressFamily != AddressFamily.Unix,
        };
        if (!may && _refused.Count(out var count))
        {
            LogRefused(protocol, peer.Place == PeerPlace.Here ? UserAccount.Find((int)peer.User)?.Name ?? "?" : "?", peer.User, count);
        }

        return may;
    }

    /// <summary>Whether mail may be said to be ours on the listener that accepted a connection.</summary>
    public bool MayClaim(Socket? socket, string protocol) =>
        options.Outbound.Listeners.Count == 0 || (socket is not null && options.Outbound.MayClaim(LocalOf(socket), protocol));

    // Closed meanwhile: nothing is answered any more.
    private static EndPoint? LocalOf(Socket socket)
    {
        try
        {
            return socket.LocalEndPoint;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private bool IsTrusted(SocketPeer peer, bool isUnix) =>
        _users.Contains(peer.User)
        || (_group is { } group && peer.Groups.Contains(group))
        || (!isUnix && options.Guard.Users.Count == 0 && peer.User < FirstPerson);

    [LoggerMessage(
        7207, LogLevel.Warning,
        "{Protocol}: user {User} ({Number}) may not have mail signed or journalled and was answered without that; allow users in "
            + "guard.users ({Count} such connections since the start)")]
    private partial void LogRefused(string protocol, string user, uint number, long count);

    [LoggerMessage(
        7208, LogLevel.Warning,
        "{Protocol}: this system does not tell which user is connected over TCP (sock_diag), so any user of this host may have mail "
            + "signed; use a Unix socket to prevent that")]
    private partial void LogUnknown(string protocol);
}

/// <summary>
/// The program at the other end of one connection. Whether it is trusted is decided once, when it first matters.
/// </summary>
internal sealed class LocalPeer(LocalPeers peers, Socket? socket, string protocol) : IPeerTrust
{
    private bool? _mayVouch;
    private bool? _mayClaim;

    /// <summary>Whether it is trusted to say that a message is ours, or who its own client is.</summary>
    public bool MayVouch => _mayVouch ??= peers.MayVouch(socket, protocol);

    /// <inheritdoc/>
    public bool MayClaim => _mayClaim ??= peers.MayClaim(socket, protocol);
}
