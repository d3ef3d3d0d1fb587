using System.Text;
using Backstop.Mail;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>
/// Collects the errors of a configuration. Attributes check single values; each section checks what they cannot.
/// </summary>
internal interface IConfigProblems
{
    /// <summary>Adds an error at the position of a key.</summary>
    /// <param name="key">The key's full name, such as <c>spam.folder</c>.</param>
    /// <param name="message">What is wrong and what to write instead, without the key.</param>
    void Add(string key, string message);

    /// <summary>
    /// Adds what <c>config check</c> finds and the server warns of, but does not refuse to start for: mail for one mailbox waits, and that
    /// for all others must not.
    /// </summary>
    /// <param name="key">The key's full name.</param>
    /// <param name="message">What is wrong and what to write instead, without the key.</param>
    void Warn(string key, string message);
}

/// <summary>Checks that several sections share.</summary>
internal static class ConfigProblems
{
    // sun_path of Linux has 108, with the 0 behind it.
    private const int MaxSocketPath = 107;

    /// <summary>Checks the name of a folder in a mailbox.</summary>
    public static void CheckFolder(this IConfigProblems problems, string key, string folder)
    {
        if (folder.Length == 0 || folder.AsSpan().ContainsAny("/\0") || folder.StartsWith('.'))
        {
            problems.Add(key, $"\"{folder}\" is not a folder name; write one without / that does not begin with a dot, such as \"Junk\"");
        }
    }

    /// <summary>Checks the address of a program that listens; empty is accepted.</summary>
    public static void CheckPeer(this IConfigProblems problems, string key, string address)
    {
        if (PeerAddress.Parse(address) is null)
        {
            problems.Add(key, $"\"{address}\" is neither host:port nor the path of a socket");
        }
    }

    /// <summary>Checks a web address; empty is accepted.</summary>
    public static void CheckHttp(this IConfigProblems problems, string key, string url)
    {
        if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
        {
            problems.Add(key, $"\"{url}\" is not an http:// or https:// address");
        }
    }

    /// <summary>Checks a mail address; empty is accepted.</summary>
    public static void CheckAddress(this IConfigProblems problems, string key, string address)
    {
        if (address.Length > 0 && MailAddress.TryParse(address) is null)
        {
            problems.Add(key, $"\"{address}\" is not an address; write one such as \"me@example.org\"");
        }
    }

    /// <summary>Checks that a file exists; empty is accepted.</summary>
    public static void CheckFile(this IConfigProblems problems, string key, string path)
    {
        if (path.Length > 0 && !File.Exists(path))
        {
            problems.Add(key, $"no such file: {path}");
        }
    }

    /// <summary>
    /// Checks the path of a Unix socket to listen on; empty is accepted. What a killed server left there is removed at the start.
    /// </summary>
    public static void CheckSocket(this IConfigProblems problems, string key, string path)
    {
        if (path.Length == 0)
        {
            return;
        }

        var length = Encoding.UTF8.GetByteCount(path);
        if (length > MaxSocketPath)
        {
            problems.Add(key, $"the path has {length} octets, and a socket's at most {MaxSocketPath}; choose a shorter one");
        }
        else if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder) && !IsMadeAtStart(folder))
        {
            problems.Warn(key, $"no such folder: {folder}; make it for the user that the server runs as, or choose another");
        }
        else if (FileStatus.TryOf(path, followLinks: false, out _) is { IsSocket: false })
        {
            problems.Warn(key, $"{path} is there and is not a socket; move it away or choose another path");
        }
    }

    // systemd makes a unit's RuntimeDirectory there, and removes it with the end of the unit.
    private static bool IsMadeAtStart(string folder) =>
        folder.StartsWith("/run/", StringComparison.Ordinal) || folder.StartsWith("/var/run/", StringComparison.Ordinal);
}
