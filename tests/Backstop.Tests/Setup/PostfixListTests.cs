using Backstop.Setup;

namespace Backstop.Tests.Setup;

/// <summary>Postfix's lists and services, as its own tools print them.</summary>
public sealed class PostfixListTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData(" inet:127.0.0.1:1,inet:h:2  unix:/x ", "inet:127.0.0.1:1|inet:h:2|unix:/x")]
    [InlineData("{ inet:h:1, default_action=accept }, inet:h:2", "{ inet:h:1, default_action=accept }|inet:h:2")]
    [InlineData("inline:{ a.example=x, {b = y, z} } c.example", "inline:{ a.example=x, {b = y, z} }|c.example")]
    [InlineData("{ never, closed", "{ never, closed")]
    [InlineData("closed } twice", "closed|}|twice")]
    public void A_list_is_split_outside_of_braces(string? text, string elements) =>
        Assert.Equal(elements, string.Join('|', PostfixList.Split(text)));

    [Theory]
    [InlineData("inet:127.0.0.1:7625", "{ inet:127.0.0.1:7625, default_action=tempfail }", true)]
    [InlineData("{inet:localhost:7625,default_action=accept}", "inet:127.0.0.1:7625", true)]
    [InlineData("inet:127.0.0.1:76250", "inet:127.0.0.1:7625", false)]
    [InlineData("{}", "inet:127.0.0.1:7625", false)]
    public void A_milter_is_known_by_its_address(string one, string other, bool same) =>
        Assert.Equal(same, PostfixList.IsSame(one, other));

    [Theory]
    [InlineData("{ inet:h:1, default_action=accept }", "{inet:h:1,default_action=accept}")]
    [InlineData("inet:h:1", "inet:h:1")]
    public void An_element_of_master_cf_has_no_blanks(string element, string compact) =>
        Assert.Equal(compact, PostfixList.Compact(element));

    [Theory]
    [InlineData("submission", "", true, false)]
    [InlineData("127.0.0.1:submission", "", true, false)]
    [InlineData("[2001:db8::1]:465", "", true, false)]
    [InlineData("2525", "smtpd_relay_restrictions = permit_sasl_authenticated, reject", true, false)]
    [InlineData("2525", "smtpd_client_restrictions = permit_mynetworks,permit_sasl_authenticated,reject", true, false)]
    [InlineData("2525", "smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination", false, false)]
    [InlineData("2525", "smtpd_recipient_restrictions = check_policy_service inet:h:1, reject", false, false)]
    [InlineData("10025", "smtpd_recipient_restrictions = permit_mynetworks, reject", false, false)]
    [InlineData("smtp", "smtpd_client_restrictions = permit_mynetworks, reject", false, false)]
    [InlineData("0.0.0.0:25", "smtpd_sasl_auth_enable = yes", false, false)]
    [InlineData("127.0.0.1:10025", "content_filter =", false, true)]
    public void A_service_for_users_and_one_for_filters_are_told_apart(string name, string option, bool isForUsers, bool takesBack)
    {
        var services = PostfixService.Parse($"{name} inet n - y - - smtpd\n    -o x=y\npickup unix n - y 60 1 pickup\n");
        PostfixService.AddOptions(services, $"{name}/inet/{option}\nelse/inet/x = y\nnonsense\n");
        Assert.Equal([true, false], services.Select(s => s.IsSmtpd));
        Assert.Equal((isForUsers, takesBack), (services[0].IsForUsers, services[0].TakesBackFromFilter));
    }

    [Fact]
    public void Networks_are_read_without_loopback_and_tables() =>
        Assert.Equal(
            ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"],
            PostfixPlanner.Networks(
                "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128, 192.0.2.0/24 198.51.100.7 [2001:db8::]/32 cidr:/x !192.0.2.9")
                .Select(n => n.ToString()));
}
