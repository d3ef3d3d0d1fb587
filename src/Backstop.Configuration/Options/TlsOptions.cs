namespace Backstop.Configuration.Options;

/// <summary>The certificate for STARTTLS.</summary>
internal sealed class TlsOptions
{
    /// <summary>Whether STARTTLS is offered. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>A PEM file with the certificate and its chain. Default: a self-signed one is made in the data folder.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>A PEM file with the private key. Default: the certificate's file.</summary>
    public string Key { get; set; } = "";

    internal void Check(IConfigProblems problems)
    {
        problems.CheckFile("tls.certificate", Certificate);
        problems.CheckFile("tls.key", Key);
    }
}
