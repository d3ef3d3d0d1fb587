using System.Globalization;
using System.Text;
using Backstop.Mail;
using Backstop.Posix;
using Backstop.Posix.Programs;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Server.Users;

/// <summary>A process of one user, as the server sees it. It does one thing at a time.</summary>
internal sealed class UserHelper : IDisposable
{
    /// <summary>The hidden verb of the process.</summary>
    public const string Verb = "serve-user";

    private const int MaxReason = 4096;
    private const int FirstOther = 3;

    private static readonly TimeSpan _startPatience = TimeSpan.FromSeconds(30);

    private readonly int _process;
    private readonly ProgramExit _exit;

    private UserHelper(UserAccount account, int process, HelperWire wire)
    {
        Account = account;
        Wire = wire;
        _process = process;
        _exit = new(process);
    }

    /// <summary>Whose it is.</summary>
    public UserAccount Account { get; }

    /// <summary>Its pipes.</summary>
    public HelperWire Wire { get; }

    /// <summary>When it was last used.</summary>
    public long LastUsed { get; set; }

    /// <summary>Starts a helper, and waits until it is the user's.</summary>
    /// <param name="program">The words that start this program.</param>
    /// <param name="account">The user.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">It cannot be started, or cannot become the user.</exception>
    public static UserHelper Start(IReadOnlyList<string> program, UserAccount account, TimeProvider time)
    {
        var helper = Spawn(program, account, time);
        try
        {
            helper.Wire.Begin(_startPatience);
            var reason = Encoding.UTF8.GetString(helper.Wire.Expect(HelperFrame.Ready, MaxReason));
            return reason.Length == 0 ? helper : throw new IOException(ShownText.Of(reason, MaxReason));
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            helper.Dispose();
            throw new IOException($"the delivery helper of {account.Name} does not start: {error.Message}", error);
        }
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _exit.HasEnded();

    /// <summary>Ends it, whatever it does.</summary>
    public void Kill()
    {
        if (!_exit.HasEnded())
        {
            _ = Libc.Signal(-_process, Libc.SignalKill);
        }
    }

    /// <summary>Ends it and closes its pipes. Programs that it has started are in process groups of their own and go on.</summary>
    public void Dispose()
    {
        Wire.Dispose();
        Kill();

        // Its end may be some way off where it waits for a disk; somebody else's helper must not wait for that.
        _ = ThreadPool.UnsafeQueueUserWorkItem(static exit => { exit.Collect(); exit.Dispose(); }, _exit, preferLocal: false);
    }

    private static UserHelper Spawn(IReadOnlyList<string> program, UserAccount account, TimeProvider time)
    {
        var (childInput, output) = ProgramPipe.Make();
        using (childInput)
        {
            var (input, childOutput) = Pipe(output);
            using (childOutput)
            {
                using var nowhere = Libc.Open(ref NativeText.From("/dev/null")[0], Libc.WriteOnly | Libc.CloseOnExec, 0);
                _ = Libc.Control(input, Libc.SetStatusFlags, Libc.NonBlocking);
                _ = Libc.Control(output, Libc.SetStatusFlags, Libc.NonBlocking);
                var wire = new HelperWire(input, output, time);
                string[] words = [.. program, Verb, account.User.ToString(CultureInfo.InvariantCulture)];
                var command = new ProgramCommand(words, Environment(account), "/") { ClosesFrom = FirstOther };
                try
                {
                    return new(account, ProgramStart.Spawn(command, [Number(childInput), Number(childOutput), Number(nowhere)]), wire);
                }
                catch (IOException)
                {
                    wire.Dispose();
                    throw;
                }
            }
        }
    }

    private static (SafeFileHandle Read, SafeFileHandle Write) Pipe(SafeFileHandle other)
    {
        try
        {
            return ProgramPipe.Make();
        }
        catch (IOException)
        {
            other.Dispose();
            throw;
        }
    }

    private static int Number(SafeFileHandle file) => (int)file.DangerousGetHandle();

    // Nothing of the server's own: it may hold secrets. Where .NET is must be known to a build that is not native.
    private static Dictionary<string, string> Environment(UserAccount account)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOME"] = NativeText.Octets(account.Home),
            ["USER"] = NativeText.Octets(account.Name),
            ["LOGNAME"] = NativeText.Octets(account.Name),
            ["SHELL"] = NativeText.Octets(account.Shell),
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
            ["DOTNET_EnableDiagnostics"] = "0",
            ["DOTNET_gcConcurrent"] = "0",
        };
        foreach (var name in new[] { "TZ", "LANG", "DOTNET_ROOT" })
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                variables[name] = NativeText.Octets(value);
            }
        }

        return variables;
    }
}
