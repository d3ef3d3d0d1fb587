using System.ComponentModel.DataAnnotations;

namespace Backstop.Configuration.Options;

/// <summary>The dashboard at <c>listen.web</c>.</summary>
internal sealed class WebOptions
{
    private const int MinHashOctets = 40;

    /// <summary>
    /// The password's hash, as <c>backstop config password</c> prints it. Without one the dashboard answers on loopback only, and
    /// nothing that a proxy brings. Default: none.
    /// </summary>
    public string Password { get; set; } = "";

    /// <summary>How long a login holds while it is used, and the server runs. Default 12h.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan LoginFor { get; set; } = TimeSpan.FromHours(12);

    /// <summary>
    /// Names under which the dashboard is reached, beside addresses and localhost: others are refused, so that no web page can ask
    /// in a reader's name. Default: any where there is a password; /metrics and /status without a login always want a name of
    /// these.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    internal void Check(IConfigProblems problems)
    {
        if (Password.Length > 0 && !IsHash(Password))
        {
            problems.Add("web.password", "takes the hash that backstop config password prints, not the password");
        }
    }

    private static bool IsHash(string text) =>
        Convert.TryFromBase64String(text, new byte[text.Length], out var length) && length > MinHashOctets;
}
