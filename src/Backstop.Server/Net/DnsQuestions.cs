using System.Net;
using Backstop.MailAuth.Dnsbl;
using DnsClient;
using DnsClient.Protocol;

namespace Backstop.Server.Net;

/// <summary>
/// The only place that asks DNS. A reply is believed where it repeats the question (name, type, class; the library compares the
/// id), and of its records only those that the question's name leads to, directly or by a chain of CNAMEs.
/// </summary>
/// <remarks>Whatever the library throws, for any octets a resolver may send, becomes a <see cref="DnsLookupException"/>.</remarks>
internal sealed class DnsQuestions
{
    /// <summary>Records looked at in a reply; one with more is cut, for no list and no host has as many.</summary>
    private const int MaxRecords = 64;

    private readonly LookupClient _client;

    /// <summary>Prepares the client; asks nothing yet.</summary>
    /// <param name="resolvers">Whom to ask; empty for the system's resolvers.</param>
    /// <param name="timeLimit">For one try.</param>
    /// <param name="retries">Further tries after one that had no answer.</param>
    /// <param name="cacheFor">How long answers are kept at most; zero where the caller keeps them.</param>
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

    /// <summary>Asks for the records of a name.</summary>
    /// <param name="name">The name, ASCII.</param>
    /// <param name="type">Their type.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <returns>Records of that type and of that name; none where the name does not exist or has none.</returns>
    /// <exception cref="DnsLookupException">No answer, an error, or a reply that is not believed.</exception>
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
                : throw new DnsLookupException($"{name}: the reply is to another question");
        }
        catch (Exception error) when (error is not DnsLookupException && !ct.IsCancellationRequested)
        {
            // The library's parser throws many kinds for octets it does not expect; each of them means that there is no answer.
            throw new DnsLookupException($"{name}: {error.Message}", error);
        }
    }

    // RFC 5452 §9.1: a reply that does not match the question section is not the reply.
    private static bool Repeats(IDnsQueryResponse reply, DnsQuestion question) =>
        reply.Header.HasQuery && reply.Questions is [var asked] && asked.QuestionType == question.QuestionType
            && asked.QuestionClass == question.QuestionClass
        && IsSame(asked.QueryName, question.QueryName);

    // RFC 1034 §3.6.2: a CNAME leads to the records. A chain comes in its order (RFC 1034 §4.3.2); what stands elsewhere is
    // somebody else's.
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

    // RFC 4343 §3: without regard to the case of ASCII letters.
    private static bool IsSame(DnsString one, DnsString other) =>
        string.Equals(one.Value.TrimEnd('.'), other.Value.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
