namespace Backstop.Configuration.Options;

/// <summary>The dashboard at <c>listen.web</c>.</summary>
internal sealed class WebOptions
{
    private const int MinHashOctets = 40;

    /// <summary>
    /// The password's hash, as <c>backstop config password</c> prints it. Without one the dashboard answers only on
    /// loopback, and refuses requests that come through a proxy. Default: none.
    /// </summary>
    public string Password { get; set; } = "";

    /// <summary>How long an unused login stays valid while the server runs. Default 12h.</summary>
    [Bounds("1m", "30d")]
    public TimeSpan LoginFor { get; set; } = TimeSpan.FromHours(12);

    /// <summary>
    /// Host names of the dashboard, besides addresses and localhost. Requests for other names are refused, so that no
    /// other web page can make requests in a reader's name. Default: any name if there is a password; /metrics and
    /// /status without a login always require one of these names.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    internal void Check(IConfigProblems problems)
    {
        if (Password.Length > 0 && !IsHash(Password))
        {
            problems.Add(
                "web.password",
                "not a password hash; write the line that backstop config password prints, not the password itself");
        }
    }

    private static bool IsHash(string text) =>
        Convert.TryFromBase64String(text, new byte[text.Length], out var length) && length > MinHashOctets;
}
