using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>
/// Another user of this host: a thread of this process that has given up being root. Linux keeps the user of a thread, glibc makes
/// all of them change; so the kernel is asked itself.
/// </summary>
internal static class OtherUser
{
    public const uint Nobody = 65534;

    private static readonly (int User, int Group) _calls = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? (147, 149)
        : (117, 119);

    /// <summary>Connects as somebody.</summary>
    /// <param name="endPoint">Where.</param>
    /// <param name="user">The user's number.</param>
    /// <param name="group">The group's number.</param>
    public static Socket Connect(EndPoint endPoint, uint user = Nobody, uint group = Nobody)
    {
        Socket? socket = null;
        try
        {
            Run(
                () =>
                {
                    socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
                    socket.Connect(endPoint);
                },
                user,
                group);
        }
        catch (SocketException refused)
        {
            throw new SocketException((int)refused.SocketErrorCode);
        }

        return socket!;
    }

    /// <summary>Does something as somebody.</summary>
    /// <param name="work">What is done; it must not change threads.</param>
    /// <param name="user">The user's number.</param>
    /// <param name="group">The group's number.</param>
    public static void Run(Action work, uint user = Nobody, uint group = Nobody)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        ExceptionDispatchInfo? error = null;
        var thread = new Thread(() =>
        {
            try
            {
                Assert.Equal(0, SystemCall(_calls.Group, (nint)group, (nint)group, (nint)group));
                Assert.Equal(0, SystemCall(_calls.User, (nint)user, (nint)user, (nint)user));
                work();
            }
            catch (Exception thrown)
            {
                error = ExceptionDispatchInfo.Capture(thrown);
            }
        });
        thread.Start();
        thread.Join();
        error?.Throw();
    }

    /// <summary>Lets everybody write into a folder.</summary>
    /// <param name="path">The folder.</param>
    public static void Invite(string path) => File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);

    /// <summary>Says something and reads what comes back, once.</summary>
    public static async Task<string> AskAsync(Socket socket, string text)
    {
        await socket.SendAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
        var reply = new byte[4096];
        return Encoding.Latin1.GetString(reply, 0, await socket.ReceiveAsync(reply, TestContext.Current.CancellationToken));
    }

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint SystemCall(nint number, nint real, nint effective, nint saved);
}
