namespace Backstop.Server.Options;

/// <summary>A DKIM key of ours: its signature in a returned header proves that the message was ours.</summary>
public sealed class DkimKeyOptions
{
    /// <summary>The key: a PEM file (public or private) or the TXT record, such as OpenDKIM's <c>selector.txt</c>. Keep old ones until their mail is forgotten. Default: none, this key is not used.</summary>
    public string File { get; set; } = "";
}
