using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>
/// <c>POST /classify</c> at <c>listen.web</c>: a message in, the JSON of <c>explain</c> out, for ticket systems and list software. Nothing
/// is stored or delivered.
/// </summary>
internal sealed class ClassifyOptions
{
    /// <summary>
    /// The token that callers send as <c>Authorization: Bearer TOKEN</c>; <c>backstop config token</c> makes one. At least 32 characters.
    /// Default: none, and without <c>token_file</c> too /classify is off.
    /// </summary>
    public string Token { get; set; } = "";

    /// <summary>
    /// A file with tokens, a line each, read at the start and when it changes: all of them are good, so that each caller has its own, and a
    /// new one is handed out before the old one goes. Empty lines and lines that begin with # are skipped. Default: none.
    /// </summary>
    public string TokenFile { get; set; } = "";

    /// <summary>The largest message. The first 4MiB of one are looked at, as <c>explain</c> does with a file. Default 50MiB.</summary>
    [Range(typeof(long), "65536", "2147483647")]
    public ByteSize MaxMessage { get; set; } = ByteSize.MiB(50);

    /// <summary>
    /// Messages that are received and judged at a time; a caller beyond that is told to come again (503). The first 4MiB of each are in
    /// memory; of one without a Content-Length half as much again, while it grows. Default 16.
    /// </summary>
    [Range(1, 1000)]
    public int MaxParallel { get; set; } = 16;

    /// <summary>How long a message may take to arrive. Default 30s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether it is switched on.</summary>
    internal bool IsOn => Token.Length > 0 || TokenFile.Length > 0;

    internal void Check(IConfigProblems problems, ListenOptions listen)
    {
        foreach (var (key, message) in ClassifyTokens.Errors(this))
        {
            problems.Add(key, message);
        }

        if (IsOn && listen.Web.Count == 0)
        {
            problems.Add("classify", "is asked at listen.web, which is not set; such as listen.web = \"127.0.0.1:8025\"");
        }
    }
}
