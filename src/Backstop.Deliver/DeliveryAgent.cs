using System.Runtime.InteropServices;
using System.Text;
using Backstop.Mailboxes.Local;
using Backstop.Posix;
using Backstop.Posix.Programs;
using Backstop.Recipes.Running;

namespace Backstop.Deliver;

/// <summary>The local delivery agent: one message from standard input, by the user's recipes, into folders.</summary>
public static class DeliveryAgent
{
    private const int Usage = 64;
    private const int NoInput = 66;
    private const int NoUser = 67;
    private const int TryAgain = 75;
    private const int NoPermission = 77;

    /// <summary>
    /// Reads procmail's options and a message from standard input, and delivers it by the user's recipes. Errors are written to
    /// standard error.
    /// </summary>
    /// <param name="args">The command line, procmail's options.</param>
    /// <param name="name">The name it was called by, for messages.</param>
    /// <param name="version">What -v prints.</param>
    /// <returns>An exit code of sysexits(3): 0 delivered, 75 where the mail server must keep the message and try again.</returns>
    public static int Run(IReadOnlyList<string> args, string name, string version)
    {
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            return RunGuarded([.. args.Select(NativeText.Octets)], name, version);
        }
#pragma warning disable CA1031 // The outermost place of all: whatever went wrong, the mail server must keep the mail and try again.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Say(name, error.Message);
            return TryAgain;
        }
    }

    private static int RunGuarded(IReadOnlyList<string> args, string name, string version)
    {
        var arguments = AgentArguments.Parse(args);
        name = arguments.IsStrict ? "procmail" : name;
        if (arguments.Unknown.Length > 0)
        {
            Say(name, $"Unrecognised options: \"{arguments.Unknown}\"\n{AgentHelp.Usage}Processing continued");
        }

        if (arguments.WantsHelp || arguments.WantsVersion)
        {
            Console.Out.Write(
                arguments.WantsHelp ? AgentHelp.Text : $"backstop deliver {version}, reads rcfiles of procmail v3.22\nLocking: "
                    + $"dotlocking, fcntl()\nDefault rcfile: $HOME/.procmailrc\n");
            return 0;
        }

        if (arguments.Error is { } error)
        {
            Say(name, error);
            return arguments.IsGeneralFilter ? NoInput : Usage;
        }

        if (UserAccount.Find(Libc.RealUser()) is not { } caller)
        {
            Say(name, $"user {Libc.RealUser()} is not in the user database; run it as a user that getent passwd lists");
            return NoUser;
        }

        var message = ReadInput();
        return arguments.Users.Count switch
        {
            0 => Deliver(arguments, caller, message, name),
            1 => DeliverTo(arguments, caller, message, name),
            _ => DeliverToEach(args, arguments, message),
        };
    }

    private static int DeliverTo(AgentArguments arguments, UserAccount caller, byte[] message, string name)
    {
        var user = arguments.Users[0];
        if (UserAccount.Find(NativeText.Path(user)) is not { } account)
        {
            Say(name, $"Unknown user \"{user}\"");
            return NoUser;
        }

        if (caller.User == 0)
        {
            MakeMailbox(account);
        }

        if (account.User != caller.User && (caller.User != 0 || !account.Become()))
        {
            Say(name, "Insufficient privileges");
            return NoPermission;
        }

        return Deliver(arguments, account, message, name);
    }

    // /var/mail is root's, and a user may not make a file there: it is made before we become the user, as procmail does.
    private static void MakeMailbox(UserAccount account)
    {
        using var file = Libc.TryCreateNew(AgentEnvironment.MailboxOf(account), out _);
        if (file is not null)
        {
            _ = Libc.GiveTo(file, account.User, account.Group);
        }
    }

    // Becoming a user is for good, so each of several has a process of its own.
    private static int DeliverToEach(IReadOnlyList<string> args, AgentArguments arguments, byte[] message)
    {
        var itself = NativeText.Octets(Environment.ProcessPath!);
        var program = NativeText.Octets(Environment.GetCommandLineArgs()[0]);
        List<string> command = Path.GetFileName(itself) != "dotnet" ? [itself]
            : Path.GetFileName(program) == "backstop.dll" ? [itself, program, "deliver"]
            : [itself, program];
        var options = args.TakeWhile(a => !a.StartsWith("-d", StringComparison.Ordinal));
        using var signals = new AgentSignals();
        signals.Listen();

        // A delivery that is begun is waited for; the others are for the next try.
        var runner = new ProgramRunner(TimeProvider.System);
        return arguments.Users.Select(user => signals.Asked.IsCancellationRequested ? TryAgain
            : runner.Run(For(user)).Status).Max();

        ProgramCommand For(string user) =>
            new([.. command, .. options, "-d", user], CallersEnvironment(), NativeText.Octets(Environment.CurrentDirectory))
            {
                Input = [message],
                Output = 1,
                FallsBackToShell = true,
            };
    }

    private static int Deliver(AgentArguments arguments, UserAccount account, byte[] message, string name)
    {
        var time = TimeProvider.System;
        var hostName = Environment.MachineName;
        var kept = arguments.KeepsEnvironment ? CallersEnvironment() : null;
        var isHere = IsHere(arguments, arguments.RcFiles.FirstOrDefault("/"));
        var variables = AgentEnvironment.For(account, hostName, kept, arguments.IsGeneralFilter, isHere);
        if (arguments.RcFiles.Count > 0)
        {
            variables["COMSAT"] = "no";
        }

        var home = variables["HOME"] = arguments.Assignments.FindLast(a => a.Name == "HOME").Value ?? variables["HOME"];
        var rcFiles = RcFilesOf(arguments, home, out var isDefault);
        using var signals = new AgentSignals();
        using var host = new AgentHost(
            arguments, account, hostName, signals, time)
        {
            Home = home,
            DefaultRcFile = isDefault ? rcFiles.FirstOrDefault() : null,
            LogName = name
        };
        var options = new RecipeOptions
        {
            IsStrict = arguments.IsStrict,
            SoftFails = arguments.SoftFails,
            Arguments = arguments.Arguments,
            IsGeneralFilter = arguments.IsGeneralFilter,
            LogName = name,
            Reads = arguments.IgnoresContentLength ? null : ContentLength.Correct,
        };
        var directory = isHere || !Directory.Exists(NativeText.Path(home)) ? NativeText.Octets(Environment.CurrentDirectory) : home;
        var run = new RecipeRun(new(), host, options, WithFromLine(arguments, message, account, time), variables, directory);
        try
        {
            foreach (var (variable, value) in arguments.Assignments)
            {
                run.Assign(variable, value);
            }

            var system = isDefault && File.Exists("/etc/procmailrc") ? "/etc/procmailrc" : null;
            return run.Execute(rcFiles, system).ExitCode;
        }
        catch (OperationCanceledException)
        {
            return run.Interrupt();
        }
    }

    private static List<string> RcFilesOf(AgentArguments arguments, string home, out bool isDefault)
    {
        isDefault = arguments.RcFiles.Count == 0;
        if (isDefault)
        {
            // Most users have none, so a missing file is not logged.
            return File.Exists(NativeText.Path($"{home}/.procmailrc")) ? [$"{home}/.procmailrc"] : [];
        }

        return arguments.RcFiles.ConvertAll(f =>
            f.StartsWith('/') || IsHere(arguments, f) ? f : $"{home}/{f}");
    }

    // Relative to where we are, not to the user's home.
    private static bool IsHere(AgentArguments arguments, string rcFile) =>
        rcFile.StartsWith("./", StringComparison.Ordinal) || (arguments.IsGeneralFilter && !rcFile.StartsWith('/'));

    // -f gives the message another separator line, or the first one; -d one where there is none.
    private static byte[] WithFromLine(AgentArguments arguments, byte[] message, UserAccount account, TimeProvider time)
    {
        var old = new RecipeMessage(message).FromLineLength;
        var sender = arguments.Sender;
        if (sender == "-")
        {
            sender = old == 0 ? NativeText.Octets(account.Name) : Encoding.Latin1.GetString(message, 0, old).Split(' ', 3)[1];
        }

        sender ??= old == 0 && arguments.Users.Count > 0 ? NativeText.Octets(account.Name) : null;
        if (sender is null)
        {
            return message;
        }

        sender = sender.Length == 0 && !arguments.IsStrict ? "MAILER-DAEMON" : sender.ReplaceLineEndings("").Replace(' ', '-');
        return [.. Encoding.Latin1.GetBytes(AgentEnvironment.FromLine(sender, time.GetLocalNow())), .. message.AsSpan(old)];
    }

    private static byte[] ReadInput()
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var read = Libc.Read(0, ref buffer[length], buffer.Length - length);
            if (read < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted)
            {
                continue;
            }

            if (read <= 0)
            {
                // A message that could not be read to its end is not delivered: the sender has it still.
                return read == 0 ? buffer[..length] : throw new IOException($"standard input: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            length += (int)read;
        }
    }

    private static Dictionary<string, string> CallersEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            // Programs are given octets; .NET has read them as UTF-8.
            var name = NativeText.Octets((string)entry.Key);
            if (!name.StartsWith("LD_", StringComparison.Ordinal) && name is not ("IFS" or "ENV" or "PWD"))
            {
                variables[name] = NativeText.Octets((string?)entry.Value ?? "");
            }
        }

        return variables;
    }

    private static void Say(string name, string text)
    {
        var bytes = NativeText.From($"{name}: {text}\n");
        _ = Libc.Write(2, ref bytes[0], bytes.Length - 1);
    }
}
