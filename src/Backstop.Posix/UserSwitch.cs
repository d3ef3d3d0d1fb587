using System.Globalization;
using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>Makes this process one user's for good, and asks the kernel whether nothing of what it was before remains.</summary>
internal static class UserSwitch
{
    private const string Tasks = "/proc/self/task";

    private static readonly string[] _capabilities = ["CapPrm:", "CapEff:", "CapAmb:"];

    /// <summary>Gives this process the user's groups, group and user.</summary>
    /// <param name="account">The user; not root.</param>
    /// <returns>Why the process is not wholly the user's: it must end then. Null where it is.</returns>
    public static string? Become(UserAccount account)
    {
        if (account.User == 0 || account.Group == 0)
        {
            return $"{account.Name} is root, or in root's group, and root is not a user of mail";
        }

        if (!IsAlready(account) && !account.Become())
        {
            return $"cannot become {account.Name}: {Marshal.GetLastPInvokeErrorMessage()}";
        }

        try
        {
            return Directory.EnumerateDirectories(Tasks).Select(t => OfThread(t, account)).FirstOrDefault(r => r is not null);
        }
        catch (IOException error)
        {
            return $"cannot be sure to be {account.Name}: {error.Message}";
        }
    }

    /// <summary>Says what a thread has besides what the user has.</summary>
    /// <param name="status">The lines of its status in /proc (proc_pid_status(5)).</param>
    /// <param name="account">The user.</param>
    /// <returns>The line with something else; null for none.</returns>
    internal static string? Remains(IReadOnlyCollection<string> status, UserAccount account)
    {
        var missing = _capabilities.Append("Uid:").Append("Gid:").FirstOrDefault(n => !status.Any(l => Is(l, n)));
        return missing is null ? status.FirstOrDefault(l => !IsFit(l, account)) : $"{missing} is not in {Tasks}";
    }

    private static bool IsAlready(UserAccount account) =>
        Libc.EffectiveUser() == account.User && Libc.RealUser() == account.User && account.User != 0;

    // Threads come and go.
    private static string? OfThread(string task, UserAccount account)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(Path.Combine(task, "status"));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        return Remains(lines, account) is { } line ? $"is not only {account.Name}: {line}" : null;
    }

    private static bool IsFit(string line, UserAccount account) =>
        Is(line, "Uid:") ? AreAll(line, account.User)
        : Is(line, "Gid:") ? AreAll(line, account.Group)
        : !_capabilities.Any(c => Is(line, c)) || line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim().All(c => c == '0');

    private static bool Is(string line, string name) => line.StartsWith(name, StringComparison.Ordinal);

    // Real, effective, saved and for files.
    private static bool AreAll(string line, int number)
    {
        var numbers = line.Split('\t').Skip(1).ToList();
        return numbers.Count == 4 && numbers.TrueForAll(n => n == number.ToString(CultureInfo.InvariantCulture));
    }
}
