namespace Backstop.MailAuth.Dnsbl;

/// <summary>DNS gave no usable answer: SERVFAIL, REFUSED, a timeout or the like.</summary>
public sealed class DnsLookupException : Exception
{
    /// <summary>Reports a failed lookup.</summary>
    public DnsLookupException()
    {
    }

    /// <summary>Reports a failed lookup with DNS's answer.</summary>
    /// <param name="message">The answer, such as SERVFAIL.</param>
    public DnsLookupException(string message)
        : base(message)
    {
    }

    /// <summary>Reports a failed lookup with the resolver's exception.</summary>
    /// <param name="message">The answer, such as SERVFAIL.</param>
    /// <param name="inner">The resolver's exception.</param>
    public DnsLookupException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
