using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Backstop.Posix;
using Backstop.Server.Delivery;
using Backstop.Server.Users;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Server;

/// <summary>The process that delivers one user's mail. The server starts it as root; it is the user's before it reads anything.</summary>
internal static class DeliveryHelper
{
    private const int NoPermission = 77;

    /// <summary>Becomes the user, and serves over standard input and output until the server has gone.</summary>
    /// <param name="arguments">The user's number.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        FileOwner.CloseToOthers();
        var (account, reason) = Become(arguments);

        // The server says when to end, by closing the pipes; a service manager tells all processes at once.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static s => s.Cancel = true);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static s => s.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static s => s.Cancel = true);
        using var input = new SafeFileHandle(0, ownsHandle: false);
        using var output = new SafeFileHandle(1, ownsHandle: false);
        using var wire = new HelperWire(input, output, TimeProvider.System);
        try
        {
            wire.Send(HelperFrame.Ready, Encoding.UTF8.GetBytes(reason ?? ""));
            if (reason is not null)
            {
                return NoPermission;
            }

            Environment.CurrentDirectory = Directory.Exists(account!.Home) ? account.Home : "/";
            new HelperWork(wire, account.Home, TimeProvider.System).Serve();
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return NoPermission;
        }
    }

    private static (UserAccount? Account, string? Reason) Become(IReadOnlyList<string> arguments) =>
        arguments.Count != 1 || !int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || UserAccount.Find(number) is not { } account
            ? (null, "was not given a user of the user database")
            : (account, UserSwitch.Become(account));
}
