using Backstop.Judging.Storms;

namespace Backstop.Tests.Clean;

/// <summary>Lists of hosts in the formats of other programs.</summary>
public sealed class HostListTests
{
    private static readonly Dictionary<string, int> _hosts = new(StringComparer.Ordinal)
    {
        ["192.0.2.1"] = 2,
        ["198.51.100.7"] = 9,
        ["2001:db8::1"] = 5
    };

    [Theory]
    [InlineData("Plain", "198.51.100.7|2001:db8::1|192.0.2.1")]
    [InlineData("Rbldnsd", "$TTL 3600|:127.0.0.2:Backscatter from $ was seen|198.51.100.7|192.0.2.1")]
    [InlineData(
        "Postfix",
        "198.51.100.7 REJECT backscatter: 9 bounces for mail that was not sent from here|2001:db8::1 REJECT backscatter: 5 bounces for "
            + "mail that was not sent from here|192.0.2.1 REJECT backscatter: 2 bounces for mail that was not sent from here")]
    public void Busiest_host_comes_first_and_the_head_says_what_it_is_not_for(string format, string lines)
    {
        var list = HostList.Write(
            Enum.Parse<HostListFormat>(format), _hosts, new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero), "backstop clean").Split(
                '\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines, string.Join('|', list.Where(l => l[0] != '#')));
        Assert.Contains(list, l => l.Contains("refuse only what comes from the null sender", StringComparison.Ordinal));
    }
}
