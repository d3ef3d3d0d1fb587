using System.Net;
using Backstop.MailAuth.Dnsbl;
using DnsClient;
using DnsClient.Protocol;

namespace Backstop.Server.Net;

/// <summary>
/// The only place that queries DNS. A reply is accepted where it repeats the question (name, type, class; DnsClient
/// compares the id), and of its records only those that the name leads to, directly or through a chain of CNAMEs.
/// </summary>
/// <remarks>Whatever DnsClient throws, for any octets of a resolver, becomes a <see
/// cref="DnsLookupException"/>.</remarks>
internal sealed class DnsQuestions
{
    /// <summary>How many records of a reply are read. No list and no host has as many.</summary>
    private const int MaxRecords = 64;

    private readonly LookupClient _client;

    /// <summary>Prepares the client, without a query.</summary>
    /// <param name="resolvers">The resolvers to use; empty for those of the system.</param>
    /// <param name="timeLimit">The time limit of one try.</param>
    /// <param name="retries">How many further tries follow one without an answer.</param>
    /// <param name="cacheFor">How long answers are cached at most; zero where the caller caches them.</param>
    public DnsQuestions(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeLimit, int retries, TimeSpan cacheFor)
    {
        var options = resolvers.Count == 0 ? new LookupClientOptions() : new LookupClientOptions([.. resolvers]);
        options.UseCache = cacheFor > TimeSpan.Zero;
        options.MaximumCacheTimeout = options.UseCache ? cacheFor : null;
        options.Retries = retries;
        options.Timeout = timeLimit;
        options.ThrowDnsErrors = false;
        _client = new(options);
    }

    /// <summary>Queries the records of a name.</summary>
    /// <param name="name">The name, in ASCII.</param>
    /// <param name="type">The type of the records.</param>
    /// <param name="ct">Cancels the query.</param>
    /// <returns>The records of that type and name; none where the name does not exist or has none.</returns>
    /// <exception cref="DnsLookupException">There was no answer, an error, or a reply that is not accepted.</exception>
    public async Task<IReadOnlyList<DnsResourceRecord>> AskAsync(string name, QueryType type, CancellationToken ct)
    {
        try
        {
            var question = new DnsQuestion(name, type);
            var reply = await _client.QueryAsync(question, ct).WaitAsync(ct);
            if (reply.HasError && reply.Header.ResponseCode != DnsHeaderResponseCode.NotExistentDomain)
            {
                throw new DnsLookupException($"{name}: {reply.ErrorMessage}");
            }

            return Repeats(reply, question)
                ? Believed(reply, question)
                : throw new DnsLookupException($"{name}: the reply answers another question");
        }
        catch (Exception error) when (error is not DnsLookupException && !ct.IsCancellationRequested)
        {
            // DnsClient's parser throws many kinds of exceptions for malformed octets. Each of them means that there is
            // no answer.
            throw new DnsLookupException($"{name}: {error.Message}", error);
        }
    }

    // RFC 5452 §9.1: a reply that does not match the question section is not the reply.
    private static bool Repeats(IDnsQueryResponse reply, DnsQuestion question) =>
        reply.Header.HasQuery && reply.Questions is [var asked] && asked.QuestionType == question.QuestionType
            && asked.QuestionClass == question.QuestionClass
        && IsSame(asked.QueryName, question.QueryName);

    // RFC 1034 §3.6.2: a CNAME leads to the records. A chain comes in order (RFC 1034 §4.3.2); records elsewhere in the
    // reply are ignored.
    private static List<DnsResourceRecord> Believed(IDnsQueryResponse reply, DnsQuestion question)
    {
        var name = question.QueryName;
        var found = new List<DnsResourceRecord>();
        foreach (
            var record in reply.Answers.Take(MaxRecords).Where(r => IsSame(r.DomainName, name) && r.RecordClass == question.QuestionClass))
        {
            if ((int)record.RecordType == (int)question.QuestionType)
            {
                found.Add(record);
            }
            else if (record is CNameRecord alias && found.Count == 0)
            {
                name = alias.CanonicalName;
            }
        }

        return found;
    }

    // RFC 4343 §3: the case of ASCII letters is ignored.
    private static bool IsSame(DnsString one, DnsString other) =>
        string.Equals(one.Value.TrimEnd('.'), other.Value.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
