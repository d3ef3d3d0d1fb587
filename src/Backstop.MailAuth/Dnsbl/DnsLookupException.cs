namespace Backstop.MailAuth.Dnsbl;

/// <summary>DNS gave no answer: SERVFAIL, REFUSED or the like.</summary>
public sealed class DnsLookupException : Exception
{
    /// <summary>DNS gave no answer.</summary>
    public DnsLookupException()
    {
    }

    /// <summary>DNS gave no answer.</summary>
    /// <param name="message">What DNS said instead.</param>
    public DnsLookupException(string message)
        : base(message)
    {
    }

    /// <summary>DNS gave no answer.</summary>
    /// <param name="message">What DNS said instead.</param>
    /// <param name="inner">What the resolver threw.</param>
    public DnsLookupException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
