using System.Diagnostics;
using Backstop.Clean;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.State;

namespace Backstop;

/// <summary>
/// A failure of a verb, with the exit code it ends with. The message is for the person at the terminal.
/// </summary>
internal class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}

/// <summary>
/// Turns an exception of a verb into an exit code and one line on stderr, without a stack trace. The line says what is
/// wrong, where, and why.
/// </summary>
internal static class Failures
{
    public static async Task<int> CatchAsync(Func<Task<int>> verb)
    {
        try
        {
            return await verb();
        }
        catch (CommandException error)
        {
            return Say(error.Message, error.ExitCode);
        }
        catch (CleanException error)
        {
            return Say(error.Message, ExitCode.Of(error.Failure));
        }
        catch (FileNotFoundException error)
        {
            return Say(error.Message, ExitCode.NoInput);
        }
        catch (DirectoryNotFoundException error)
        {
            return Say(error.Message, ExitCode.NoInput);
        }
        catch (InvalidDataException error)
        {
            return Say(error.Message, ExitCode.BadConfig);
        }
        catch (UnauthorizedAccessException error)
        {
            return Say(error.Message, ExitCode.NoPermission);
        }
        catch (IOException error)
        {
            return Say(error.Message, ExitCode.Unavailable);
        }
        catch (StoreException error)
        {
            return Say(error.Message + (error.Fault == StoreFault.Damaged ? "; move it away to begin a new one" : ""), ExitCode.TryAgain);
        }
        catch (CertificateException error)
        {
            return Say(error.Message, ExitCode.BadConfig);
        }
        catch (OperationCanceledException)
        {
            return Say("stopped", ExitCode.TryAgain);
        }
        catch (Exception error)
        {
            return Say($"a bug in Backstop: {Where(error)}; please report it, with the command that you gave", ExitCode.Bug);
        }
    }

    // One line for whoever fixes it: what, and the innermost of our methods.
    private static string Where(Exception error)
    {
        var place = new StackTrace(error).GetFrames()
            .Select(DiagnosticMethodInfo.Create)
            .FirstOrDefault(m => m?.DeclaringTypeName?.StartsWith("Backstop.", StringComparison.Ordinal) == true);
        return $"{error.GetType().Name} ({error.Message.ReplaceLineEndings(" ")})"
            + (place is null ? "" : $" in {place.DeclaringTypeName}.{place.Name}");
    }

    private static int Say(string message, int code)
    {
        Console.Error.WriteLine($"backstop: {ShownText.Of(message, keepsLines: true)}");
        return code;
    }
}
