using System.Text;
using Backstop.Mail;

namespace Backstop.Tests.Mail;

/// <summary>Who handed a message over, as the servers of our side write it.</summary>
public sealed class ReceivedFromTests
{
    [Theory]
    [InlineData("from helo.example (mx.example [198.51.100.7]) by us (Postfix) with ESMTP id 1; x", "mx.example", "198.51.100.7")]
    [InlineData("from helo.example (unknown [198.51.100.7]) by us (Postfix) with ESMTP", "helo.example", "198.51.100.7")]
    [InlineData("from mx.example (mx.example. [198.51.100.7] (may be forged)) by us (8.15/8.15) with ESMTP", "mx.example", "198.51.100.7")]
    [InlineData("from mx.example ([198.51.100.7] helo=other) by us with esmtp (Exim 4.96)", "mx.example", "198.51.100.7")]
    [InlineData("from [198.51.100.7] (helo=other.example) by us with esmtp (Exim 4.96)", "198.51.100.7", "198.51.100.7")]
    [InlineData("from unknown (HELO mx.example) (198.51.100.7)", "198.51.100.7", "198.51.100.7")]
    [InlineData("from mx.example (198.51.100.7) by us.example with Microsoft SMTP Server", "mx.example", "198.51.100.7")]
    [InlineData("from mx.example (mx.example [IPv6:2001:db8::25]) by us", "mx.example", "2001:db8::25")]
    [InlineData("from mx.example (version 1.2.3) by us", null, null)]
    [InlineData("by us with LMTP id 1", null, null)]
    [InlineData("from <script> (a\"b [198.51.100.7]) by us", "198.51.100.7", "198.51.100.7")]
    public void Clause_is_read(string body, string? host, string? address)
    {
        var from = ReceivedFrom.Parse(body);
        Assert.Equal((host, address), (from?.Host, from?.Address.ToString()));
    }

    /// <summary>Our own hops come first; what lies below the first public one was written by others.</summary>
    [Fact]
    public void Newest_public_address_counts()
    {
        const string message = "Received: from localhost (localhost [127.0.0.1]) by us\nReceived: from filter (filter "
            + "[10.1.2.3])\n\tby us\nReceived: from mx.example (mx.example [198.51.100.7]) by us\n"
            + "Received: from liar (liar [203.0.113.9]) by mx.example\n\nbody\n";
        var fields = new List<HeaderField>();
        HeaderScan.Scan(Encoding.ASCII.GetBytes(message), fields);
        Assert.Equal("198.51.100.7", ReceivedFrom.Read(Encoding.ASCII.GetBytes(message), fields)?.Address.ToString());
    }
}
