namespace Backstop.Configuration.Options;

/// <summary>Sender rewriting (SRS): checks bounces to addresses that our forwarder made.</summary>
internal sealed class SrsOptions
{
    /// <summary>
    /// A file with the forwarder's secrets, one a line, such as postsrsd's; a bounce to an SRS address that none of
    /// them made is refused. Default: none, and nothing is checked.
    /// </summary>
    public string Secrets { get; set; } = "";

    internal void Check(IConfigProblems problems) => problems.CheckFile("srs.secrets", Secrets);
}
