namespace Backstop.Configuration.Options;

/// <summary>Logs beside the one that the server writes to standard error.</summary>
internal sealed class LogOptions
{
    /// <summary>
    /// The path of a file for the lines about clients: who was accepted, refused, logged in at the dashboard, and what was delivered. For
    /// <c>fail2ban</c> and for counting. It is opened anew when it was renamed, so logrotate needs no signal. Default: none.
    /// </summary>
    public string Access { get; set; } = "";

    internal void Check(IConfigProblems problems)
    {
        if (Access.Length == 0)
        {
            return;
        }

        if (Directory.Exists(Access))
        {
            problems.Add("log.access", $"{Access} is a folder; write the path of a file");
        }
        else if (Path.GetDirectoryName(Path.GetFullPath(Access)) is { } folder && !Directory.Exists(folder))
        {
            problems.Add("log.access", $"no such folder: {folder}; make it for the user that the server runs as, or choose another");
        }
    }
}
