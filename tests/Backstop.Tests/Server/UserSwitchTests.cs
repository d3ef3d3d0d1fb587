using Backstop.Posix;

namespace Backstop.Tests.Server;

/// <summary>A process that became a user's keeps nothing of what it was.</summary>
public sealed class UserSwitchTests
{
    private static readonly UserAccount _ann = new("ann", 1001, 1002, "/home/ann", "/bin/sh");

    private static readonly string[] _good =
    [
        "Name:\tbackstop", "Uid:\t1001\t1001\t1001\t1001", "Gid:\t1002\t1002\t1002\t1002", "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t000001ffffffffff", "CapAmb:\t0000000000000000",
    ];

    [Fact]
    public void Nothing_remains_of_root() => Assert.Null(UserSwitch.Remains(_good, _ann));

    [Theory]
    [InlineData(1, "Uid:\t1001\t1001\t0\t1001")]
    [InlineData(1, "Uid:\t1001\t1001\t1001")]
    [InlineData(1, "Uid:\t0\t1001\t1001\t1001")]
    [InlineData(1, "Uid:\t1001\t1001\t1001\t0")]
    [InlineData(2, "Gid:\t0\t1002\t1002\t1002")]
    [InlineData(4, "CapPrm:\t00000000000000c0")]
    [InlineData(5, "CapEff:\t0000000000000001")]
    [InlineData(7, "CapAmb:\t0000000000000080")]
    public void What_remains_of_root_is_seen(int line, string text)
    {
        string[] status = [.. _good];
        status[line] = text;
        Assert.Equal(text, UserSwitch.Remains(status, _ann));
    }

    [Fact]
    public void A_kernel_that_does_not_say_is_not_trusted() =>
        Assert.Contains("CapAmb", UserSwitch.Remains(_good[..^1], _ann), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 1002)]
    [InlineData(1001, 0)]
    public void Root_is_not_a_user_of_mail(int user, int group) =>
        Assert.Contains("root", UserSwitch.Become(_ann with { User = user, Group = group }), StringComparison.Ordinal);
}
