using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>Which versions and ciphers of TLS are spoken.</summary>
internal enum TlsProfile
{
    /// <summary>What the system's OpenSSL is configured to speak.</summary>
    System,

    /// <summary>TLS 1.2 with forward secrecy, and 1.3 (Mozilla's intermediate profile).</summary>
    Intermediate,

    /// <summary>TLS 1.3 only (Mozilla's modern profile): servers that do not speak it deliver without TLS.</summary>
    Modern,
}

/// <summary>
/// The certificate for STARTTLS. Files are read again within half a minute after they have changed; while they cannot be used, the
/// certificate that was read before stays.
/// </summary>
internal sealed class TlsOptions
{
    /// <summary>Whether STARTTLS is offered. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// A PEM file with the certificate and its chain, such as Let's Encrypt's <c>fullchain.pem</c>. Default: a self-signed one is made in
    /// the data folder.
    /// </summary>
    public string Certificate { get; set; } = "";

    /// <summary>A PEM file with the private key. Default: the certificate's file.</summary>
    public string Key { get; set; } = "";

    /// <summary>
    /// Versions and ciphers: <c>system</c>, <c>intermediate</c> or <c>modern</c>. Default system: what the system's OpenSSL speaks.
    /// </summary>
    public TlsProfile Profile { get; set; } = TlsProfile.System;

    /// <summary>
    /// Certificates for clients that ask for a name: <c>[tls.hosts."mx.example.net"]</c>. Others get the one above. Default: none.
    /// </summary>
    public Dictionary<string, TlsHostOptions> Hosts { get; set; } = [];

    // Warnings only: verbs that have no use for the key may run as somebody who cannot read it, and the server says itself why it does not
    // start.
    internal void Check(IConfigProblems problems)
    {
        if (!Enabled)
        {
            return;
        }

        if (Certificate.Length > 0)
        {
            Check(problems, "tls.certificate", Certificate, Key);
        }
        else if (Key.Length > 0)
        {
            problems.Warn("tls.key", "there is no certificate for it; set tls.certificate too");
        }

        foreach (var (name, host) in Hosts)
        {
            host.Check(problems, name);
        }
    }

    /// <summary>Checks that a certificate and its key can be used.</summary>
    internal static void Check(IConfigProblems problems, string key, string certificate, string keyFile)
    {
        try
        {
            var (own, chain) = CertificateFile.Read(certificate, keyFile.Length > 0 ? keyFile : certificate);
            foreach (var read in chain.Append(own))
            {
                read.Dispose();
            }
        }
        catch (CertificateException error)
        {
            problems.Warn(key, error.Message);
        }
    }
}

/// <summary>The certificate for clients that ask for one name of this host.</summary>
internal sealed class TlsHostOptions
{
    /// <summary>A PEM file with the certificate and its chain. Default: none, and the name is not used.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>A PEM file with the private key. Default: the certificate's file.</summary>
    public string Key { get; set; } = "";

    /// <summary>Checks the section.</summary>
    /// <param name="problems">Collects the errors, each with its key.</param>
    /// <param name="name">The name that clients ask for.</param>
    internal void Check(IConfigProblems problems, string name)
    {
        var path = $"tls.hosts.{name}";
        if (!MailAddress.IsDomain(name))
        {
            problems.Add(path, $"\"{name}\" is not the name of a host; write one such as [tls.hosts.\"mx.example.net\"]");
        }

        if (Certificate.Length > 0)
        {
            TlsOptions.Check(problems, path, Certificate, Key);
        }
    }
}
