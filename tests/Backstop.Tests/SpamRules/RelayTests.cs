using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Relays;

namespace Backstop.Tests.SpamRules;

public sealed class RelayTests
{
    [Theory]
    [InlineData(
        "sendmail",
        "from mail.a.test (ppp1.a.test [192.0.2.1]) by mx.b.test (8.11.6/8.11.6) with ESMTP id g7MBYrZ04811 for <x@b.test>; Thu, 22 "
            + "Aug 2002 12:34:53 +0100",
        "192.0.2.1|ppp1.a.test|mail.a.test|mx.b.test||g7MBYrZ04811|")]
    [InlineData(
        "sendmail without name", "from mail.a.test ([192.0.2.1]) by mx.b.test (8.11.6/8.11.6) with ESMTP id abc",
        "192.0.2.1||mail.a.test|mx.b.test||abc|")]
    [InlineData(
        "postfix", "from helo.a.test (rdns.a.test [192.0.2.1]) by mx.b.test (Postfix) with ESMTP id 1234567 for <x@b.test>",
        "192.0.2.1|rdns.a.test|helo.a.test|mx.b.test||1234567|")]
    [InlineData(
        "postfix unknown", "from helo.a.test (unknown [192.0.2.1]) by mx.b.test (Postfix) with SMTP id 1234567",
        "192.0.2.1||helo.a.test|mx.b.test||1234567|")]
    [InlineData(
        "postfix login", "from laptop (host.a.test [192.0.2.1]) (Authenticated sender: me) by mx.b.test (Postfix) with ESMTP id 12345",
        "192.0.2.1|host.a.test|laptop|mx.b.test||12345|Postfix")]
    [InlineData(
        "esmtpsa", "from laptop (host.a.test [192.0.2.1]) by mx.b.test (Postfix) with ESMTPSA id 12345",
        "192.0.2.1|host.a.test|laptop|mx.b.test||12345|ESMTPSA")]
    [InlineData(
        "exim", "from host.a.test ([192.0.2.1] helo=mail.a.test) by mx.b.test with esmtp (Exim 4.90) id 1a2b3c-000",
        "192.0.2.1|host.a.test|mail.a.test|mx.b.test||1a2b3c-000|")]
    [InlineData(
        "exim bare", "from [192.0.2.1] (helo=mail.a.test) by mx.b.test with esmtp (Exim 4.90) id 1a2b3c-000",
        "192.0.2.1||mail.a.test|mx.b.test||1a2b3c-000|")]
    [InlineData(
        "qmail", "from unknown (HELO mail.a.test) (user@192.0.2.1) by mx.b.test with SMTP", "192.0.2.1||mail.a.test|mx.b.test|user||")]
    [InlineData("qmail known", "from host.a.test (192.0.2.1) by mx.b.test with SMTP", "192.0.2.1|host.a.test|host.a.test|mx.b.test|||")]
    [InlineData("exchange", "from HELO ([192.0.2.1]) by mx.b.test with Microsoft SMTPSVC(5.0.2195.5329)", "192.0.2.1||HELO|mx.b.test|||")]
    [InlineData(
        "ipv6", "from mail.a.test (mail.a.test [IPv6:2001:db8::1]) by mx.b.test (Postfix) with ESMTP id 12345",
        "2001:db8::1|mail.a.test|mail.a.test|mx.b.test||12345|")]
    [InlineData(
        "ident", "from mail.a.test (IDENT:root@host.a.test [192.0.2.1]) by mx.b.test (8.9.3) with SMTP id XAA",
        "192.0.2.1|host.a.test|mail.a.test|mx.b.test|root|XAA|")]
    [InlineData("webmail", "from [192.0.2.1] by web1.mail.a.test via HTTP", "192.0.2.1|||web1.mail.a.test|||")]
    public void Received_fields_are_read(string server, string field, string expected)
    {
        var relay = ReceivedParser.Parse(field).Relay;
        Assert.NotNull(relay);
        Assert.Equal(
            (server, expected), (server, $"{relay.Ip}|{relay.Rdns}|{relay.Helo}|{relay.By}|{relay.Ident}|{relay.Id}|{relay.Auth}"));
    }

    [Theory]
    [InlineData("by 10.0.0.1 with SMTP id x")]
    [InlineData("from localhost by mx.b.test; Mon, 1 Jan 2024 00:00:00 +0000")]
    [InlineData("from me by host with local (Exim 3.35 #1 (Debian)) id 17hs5S-0001")]
    [InlineData("from mail pickup service by a.test with Microsoft SMTPSVC")]
    [InlineData("from root@localhost by mx.b.test (8.11.6/8.11.6) id g7M; Thu, 22 Aug 2002 12:34:53 +0100")]
    public void Handovers_inside_a_host_are_no_relays(string field) =>
        Assert.Equal(ReceivedOutcome.NoRelay, ReceivedParser.Parse(field).Outcome);

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.31.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("100.64.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("fe80::1", true)]
    [InlineData("2001:db8::1", false)]
    [InlineData("192.0.2.1", false)]
    public void Private_addresses_are_known(string address, bool isPrivate) => Assert.Equal(isPrivate, IpPatterns.IsPrivate(address));

    [Fact]
    public void First_network_that_holds_an_address_decides()
    {
        var set = new NetworkSet();
        Assert.True(set.TryAdd("!192.0.2.9") && set.TryAdd("192.0.2.0/24") && set.TryAdd("10.") && set.TryAdd("2001:db8::/32"));
        Assert.False(set.TryAdd("300.1.2.3") || set.TryAdd("example.org") || set.TryAdd("192.0.2.0/40"));
        Assert.False(set.Contains("192.0.2.9"));
        Assert.True(set.Contains("192.0.2.8") && set.Contains("10.9.9.9") && set.Contains("2001:db8::5"));
        Assert.False(set.Contains("198.51.100.1") || set.Contains("no address"));
    }
}
