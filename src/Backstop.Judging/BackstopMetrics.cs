using System.Diagnostics;
using System.Diagnostics.Metrics;
using Backstop.Backscatter;

namespace Backstop.Judging;

/// <summary>
/// The metrics. Names follow OpenTelemetry; the label <c>reason</c> is the word of reply, log and header field.
/// </summary>
internal sealed class BackstopMetrics : IDisposable
{
    /// <summary>The name of a server's meter.</summary>
    public const string MeterName = "Backstop";

    private static readonly InstrumentAdvice<double> _seconds = new()
    {
        HistogramBucketBoundaries = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 60]
    };

    private readonly Meter _meter;
    private readonly Counter<long> _connections;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _messages;
    private readonly Counter<long> _deliveries;
    private readonly Histogram<double> _accept;
    private readonly Histogram<double> _deliver;
    private readonly Counter<long> _alerts;
    private readonly Counter<long> _scans;
    private readonly Counter<long> _classified;
    private readonly Histogram<double> _scan;
    private long _generated;

    /// <summary>Makes the counters.</summary>
    /// <param name="factory">The host's meter factory.</param>
    /// <param name="name">The meter's name.</param>
    public BackstopMetrics(IMeterFactory factory, string name = MeterName)
    {
        _meter = factory.Create(name);
        _connections = _meter.CreateCounter<long>("backstop.connections", "{connection}", "Connections, by outcome of the limits.");
        _refused = _meter.CreateCounter<long>("backstop.refused", "{refusal}", "Refusals in the session, by stage and reason.");
        _messages = _meter.CreateCounter<long>("backstop.messages", "{message}", "Messages accepted, by verdict and reason.");
        _deliveries = _meter.CreateCounter<long>("backstop.deliveries", "{delivery}", "Deliveries to folders, by outcome.");
        _accept = _meter.CreateHistogram<double>(
            "backstop.accept.duration", "s", "From the end of data to the reply.", tags: null, _seconds);
        _deliver = _meter.CreateHistogram<double>("backstop.deliver.duration", "s", "From acceptance to the folder.", tags: null, _seconds);
        _alerts = _meter.CreateCounter<long>("backstop.alerts", "{alert}", "Alerts of storms, by channel and outcome.");
        _scans = _meter.CreateCounter<long>(
            "backstop.scans", "{message}", "Messages that filters were asked about, by filter and outcome.");
        _classified = _meter.CreateCounter<long>("backstop.classify", "{request}", "Requests to /classify, by outcome.");
        _scan = _meter.CreateHistogram<double>("backstop.scan.duration", "s", "From the question to the score.", tags: null, _seconds);

        // Promise 2: the counter lets anybody check that Backstop makes no other mail.
        _meter.CreateObservableCounter(
            "backstop.messages.generated", () => MessagesGenerated, "{message}", "Mails made by Backstop itself: alerts to "
                + "alert.mail_to, nothing else.");
    }

    /// <summary>Mails made by Backstop that the next server has accepted.</summary>
    public long MessagesGenerated => Interlocked.Read(ref _generated);

    /// <summary>Adds a gauge whose value is read on demand.</summary>
    /// <param name="name">Such as <c>backstop.sessions</c>.</param>
    /// <param name="unit">As OpenTelemetry writes it, such as <c>By</c> or <c>{message}</c>.</param>
    /// <param name="description">One sentence for whoever reads the metrics.</param>
    /// <param name="value">Returns the value.</param>
    public void Observe(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableGauge(name, value, unit, description);

    /// <summary>Adds a gauge with labels.</summary>
    /// <param name="name">Such as <c>backstop.storms</c>.</param>
    /// <param name="description">One sentence for whoever reads the metrics.</param>
    /// <param name="values">Returns the values.</param>
    public void Observe(string name, string description, Func<IEnumerable<Measurement<long>>> values) =>
        _meter.CreateObservableGauge(name, values, unit: null, description);

    /// <summary>Counts a connection.</summary>
    /// <param name="outcome"><c>accepted</c> or the limit that closed it.</param>
    public void Connected(string outcome) => _connections.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Counts a refusal.</summary>
    /// <param name="stage">connect, mail, rcpt or data.</param>
    /// <param name="reason">Its word becomes the label <c>reason</c>.</param>
    public void Refused(string stage, Reason reason) =>
        _refused.Add(1, new KeyValuePair<string, object?>("stage", stage), new KeyValuePair<string, object?>("reason", reason.Word));

    /// <summary>Counts an accepted message.</summary>
    /// <param name="verdict">deliver or file.</param>
    /// <param name="reason">Its word becomes the label <c>reason</c>.</param>
    /// <param name="since">The timestamp of the end of its data.</param>
    public void Accepted(string verdict, Reason reason, long since)
    {
        _messages.Add(1, new KeyValuePair<string, object?>("verdict", verdict), new KeyValuePair<string, object?>("reason", reason.Word));
        _accept.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);
    }

    /// <summary>Counts a scored message.</summary>
    /// <param name="filter">The filter's name, <c>clients</c> for clients of our spamd, <c>mail</c> where none was asked.</param>
    /// <param name="isSpam">Whether the filter says that it is spam.</param>
    /// <param name="since">The timestamp of the request.</param>
    public void Scanned(string filter, bool isSpam, long since)
    {
        NotScanned(filter, isSpam ? "spam" : "ham");
        _scan.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);
    }

    /// <summary>Counts a message that was not scored.</summary>
    /// <param name="filter">The filter's name, <c>clients</c> for clients of our spamd, <c>mail</c> where none was asked.</param>
    /// <param name="outcome">The reason.</param>
    public void NotScanned(string filter, string outcome) =>
        _scans.Add(1, new KeyValuePair<string, object?>("filter", filter), new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Counts an alert, sent or failed.</summary>
    /// <param name="channel">webhook, command or mail.</param>
    /// <param name="outcome">sent or failed.</param>
    public void Alerted(string channel, string outcome) =>
        _alerts.Add(1, new KeyValuePair<string, object?>("channel", channel), new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Counts a mail of our own that the next server accepted.</summary>
    public void Generated() => Interlocked.Increment(ref _generated);

    /// <summary>Counts a request to <c>/classify</c>.</summary>
    /// <param name="outcome"><c>explained</c>, or the word of the error.</param>
    public void Classified(string outcome) => _classified.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Counts a delivered copy.</summary>
    /// <param name="seconds">The time since acceptance.</param>
    public void Delivered(double seconds)
    {
        _deliveries.Add(1, new KeyValuePair<string, object?>("outcome", "delivered"));
        _deliver.Record(seconds);
    }

    /// <summary>Counts a delivery that failed and will be tried again.</summary>
    public void DeliveryFailed() => _deliveries.Add(1, new KeyValuePair<string, object?>("outcome", "failed"));

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();
}
