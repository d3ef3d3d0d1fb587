namespace Backstop.Configuration.Options;

/// <summary>
/// <c>POST /classify</c> at <c>listen.web</c>: takes a message and returns the JSON of <c>explain</c>, for ticket
/// systems and list software. Nothing is stored or delivered.
/// </summary>
internal sealed class ClassifyOptions
{
    /// <summary>
    /// The token that callers send as <c>Authorization: Bearer TOKEN</c>; <c>backstop config token</c> makes one. At
    /// least 32 characters. Default: none; without <c>token_file</c> too, /classify is off.
    /// </summary>
    public string Token { get; set; } = "";

    /// <summary>
    /// A file with one token a line, read at the start and when it changes. All of them are valid, so that each caller
    /// can have its own, and a new one can be handed out before the old one is removed. Empty lines and lines that
    /// begin with # are ignored. Default: none.
    /// </summary>
    public string TokenFile { get; set; } = "";

    /// <summary>The largest message. As in <c>explain</c>, only its first 4MiB are examined. Default 50MiB.</summary>
    [Bounds("64KiB", "2147483647")]
    public ByteSize MaxMessage { get; set; } = ByteSize.MiB(50);

    /// <summary>
    /// The most messages received and judged at the same time; a further caller gets 503 and must try again. The first
    /// 4MiB of each are in memory; without a Content-Length half as much again while it grows. Default 16.
    /// </summary>
    [Bounds(1, 1000)]
    public int MaxParallel { get; set; } = 16;

    /// <summary>How long a message may take to arrive. Default 30s.</summary>
    [Bounds("1s", "10m")]
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether /classify is switched on.</summary>
    internal bool IsOn => Token.Length > 0 || TokenFile.Length > 0;

    internal void Check(IConfigProblems problems, ListenOptions listen)
    {
        foreach (var (key, message) in ClassifyTokens.Errors(this))
        {
            problems.Add(key, message);
        }

        if (IsOn && listen.Web.Count == 0)
        {
            problems.Add("classify", "needs listen.web, which is not set; set it, such as listen.web = \"127.0.0.1:8025\"");
        }
    }
}
