using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>Enhanced status codes in the words of servers.</summary>
public sealed class StatusWordsTests
{
    [Theory]
    [InlineData("421-4.7.28 Gmail has detected an unusual rate of unsolicited mail. 421-4.7.28 Learn more at 421 4.7.28 example", "4.7.28")]
    [InlineData(
        "450-4.2.1 The user you are trying to contact is receiving mail at a rate that\r\n450-4.2.1 prevents delivery.\r\n450 4.2.1 "
            + "example - gsmtp",
        "4.2.1")]
    [InlineData(
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n 550-5.7.26 SPF [relay.example.net] did not pass",
        "5.7.26")]
    [InlineData("SMTP;550-5.2.1 The mailbox is disabled", "5.2.1")]
    [InlineData("smtp;550-5.1.1", "5.1.1")]
    [InlineData("host mx.example.net[192.0.2.1] said: 550-5.1.1 no", "5.1.1")]
    [InlineData("550-\r\n5.1.1 no", "5.1.1")]
    [InlineData("550:5.1.1 no", "5.1.1")]
    [InlineData("550/5.1.1 no", "5.1.1")]
    [InlineData("550#5.1.1 no", "5.1.1")]
    [InlineData("550-#5.1.1 no", "5.1.1")]
    [InlineData("550 #5.1.1 no", "5.1.1")]
    [InlineData("no mailbox here by that name. (#5.1.1)", "5.1.1")]
    [InlineData("553 refused (5.7.1)", "5.7.1")]
    [InlineData("dsn=5.1.1, status=bounced", "5.1.1")]
    [InlineData("status=5.1.1", "5.1.1")]
    [InlineData("Status:5.1.1", "5.1.1")]
    [InlineData("ERROR_CODE:5.1.1", "5.1.1")]
    [InlineData("dsn:5.1.1;", "5.1.1")]
    [InlineData("SMTP:5.1.1", "5.1.1")]
    [InlineData("550 5.1.1User unknown", "5.1.1")]
    [InlineData("554 5.7.1: refused", "5.7.1")]
    [InlineData("550 5.7.606 Access denied", "5.7.606")]
    public void Status_is_read_as_given(string said, string status) =>
        Assert.Equal((status, StatusSource.Given), StatusWords.Of(said, "failed"));

    [Theory]
    [InlineData("user not listed in directory", "5.1.1")]
    [InlineData("192.0.2.1 is listed in a block list", "5.7.1")]
    [InlineData("192.0.2.1 is not listed in the SPF record", "5.7.1")]
    public void Listing_is_read_by_what_is_listed(string said, string status) =>
        Assert.Equal((status, StatusSource.Inferred), StatusWords.Of(said, "failed"));

    [Theory]
    [InlineData("x-5.1.1")]
    [InlineData("mta-5.1.1 at your service")]
    [InlineData("192.0.2.1-5.1.1")]
    [InlineData("1550-5.1.1")]
    [InlineData("750-5.1.1")]
    [InlineData("release/5.1.1")]
    [InlineData("10:5.1.1")]
    [InlineData("test:5.1.1,")]
    [InlineData("5.1.1.2")]
    [InlineData("550-5.1.1.2")]
    [InlineData("1.5.1.1")]
    [InlineData("5.1.1a")]
    [InlineData("5.1.12345")]
    [InlineData("v5.1.1")]
    [InlineData("version 5.1.1")]
    [InlineData("Version: 5.1.1")]
    [InlineData("Release 5.1.1")]
    [InlineData("5.1.2024")]
    [InlineData("4.12.24")]
    [InlineData("5.01.24")]
    [InlineData("5.1.04")]
    public void Addresses_versions_and_dates_are_no_status(string said) =>
        Assert.NotEqual(StatusSource.Given, StatusWords.Of(said, "failed").Source);
}
