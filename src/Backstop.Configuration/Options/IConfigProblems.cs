using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>Takes what is wrong with a configuration. Each section says so itself: what a single value shows, its attributes say.</summary>
internal interface IConfigProblems
{
    /// <summary>Adds one, at the place of a key.</summary>
    /// <param name="key">The key's full name, such as <c>spam.folder</c>.</param>
    /// <param name="message">What is wrong and what would be right, without the key.</param>
    void Add(string key, string message);
}

/// <summary>What several sections ask.</summary>
internal static class ConfigProblems
{
    /// <summary>A folder within a mailbox.</summary>
    public static void CheckFolder(this IConfigProblems problems, string key, string folder)
    {
        if (folder.Length == 0 || folder.AsSpan().ContainsAny("/\0") || folder.StartsWith('.'))
        {
            problems.Add(key, $"\"{folder}\" cannot be a folder's name; such as \"Junk\", without / and not beginning with a dot");
        }
    }

    /// <summary>A program that listens; empty where it need not be set.</summary>
    public static void CheckPeer(this IConfigProblems problems, string key, string address)
    {
        if (PeerAddress.Parse(address) is null)
        {
            problems.Add(key, $"\"{address}\" is neither host:port nor the path of a socket");
        }
    }

    /// <summary>A web address; empty where it need not be set.</summary>
    public static void CheckHttp(this IConfigProblems problems, string key, string url)
    {
        if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
        {
            problems.Add(key, $"\"{url}\" is not an http:// or https:// address");
        }
    }

    /// <summary>A mail address; empty where it need not be set.</summary>
    public static void CheckAddress(this IConfigProblems problems, string key, string address)
    {
        if (address.Length > 0 && MailAddress.TryParse(address) is null)
        {
            problems.Add(key, $"\"{address}\" is not an address");
        }
    }

    /// <summary>A file that must be there; empty where it need not be set.</summary>
    public static void CheckFile(this IConfigProblems problems, string key, string path)
    {
        if (path.Length > 0 && !File.Exists(path))
        {
            problems.Add(key, $"no such file: {path}");
        }
    }
}
