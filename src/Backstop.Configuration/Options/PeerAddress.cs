using System.Net;
using System.Net.Sockets;

namespace Backstop.Configuration.Options;

/// <summary>The address of a program that we connect to: <c>host:port</c> or the path of a Unix socket.</summary>
internal static class PeerAddress
{
    /// <summary>Parses an address; null if the text is neither.</summary>
    /// <param name="address">Such as <c>127.0.0.1:25</c>, <c>mx.example.org:25</c> or <c>/run/clamav/clamd.ctl</c>.</param>
    public static EndPoint? Parse(string address)
    {
        if (address.StartsWith('/'))
        {
            return new UnixDomainSocketEndPoint(address);
        }

        if (IPEndPoint.TryParse(address, out var endPoint) && endPoint.Port > 0)
        {
            return endPoint;
        }

        var colon = address.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(address.AsSpan(colon + 1), out var port)
            && Uri.CheckHostName(address[..colon]) == UriHostNameType.Dns
            ? new DnsEndPoint(address[..colon], port)
            : null;
    }
}
