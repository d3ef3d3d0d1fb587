namespace Backstop.Configuration.Options;

/// <summary>Sender rewriting: bounces to addresses that a forwarder of ours made.</summary>
internal sealed class SrsOptions
{
    /// <summary>
    /// A file with the forwarder's secrets, a line each, such as postsrsd's; bounces to SRS addresses they did not make are
    /// refused. Default: none, nothing is checked.
    /// </summary>
    public string Secrets { get; set; } = "";

    internal void Check(IConfigProblems problems) => problems.CheckFile("srs.secrets", Secrets);
}
