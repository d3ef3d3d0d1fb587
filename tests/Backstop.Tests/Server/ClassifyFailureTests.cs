using System.Text;
using System.Text.Json;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Backstop.Server.Web;
using Backstop.State;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>A bug at one message: its caller is told in JSON, and the log has it.</summary>
public sealed class ClassifyFailureTests
{
    [Fact]
    public async Task Bug_is_answered_as_every_other_trouble()
    {
        using var folder = new TempFolder();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        using var logs = new LoggerFactory();
        using var lines = new LogLines();
        logs.AddProvider(lines);
        using var journal = new SentJournal(folder["journal"], TimeProvider.System, TimeSpan.FromDays(1));
        var options = new BackstopOptions { Classify = new() { Token = Classifier.Token } };
        var explainer = new Explainer(options, Proving.Create(options, new JournalProof(journal), []), new NoTime());
        var endpoint = new ClassifyEndpoint(options, explainer, metrics, TimeProvider.System, logs.CreateLogger<ClassifyEndpoint>());
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpMaxRequestBodySizeFeature>(new NoLimit());
        (context.Request.Method, context.Request.Path, context.Request.Host) = ("POST", "/classify", new("localhost"));
        context.Request.Headers.Authorization = "Bearer " + Classifier.Token;
        context.Request.Body = new MemoryStream(Encoding.ASCII.GetBytes("Subject: x\n\nhello\n"));
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await endpoint.AnswerAsync(context);
        Assert.Equal((500, "application/problem+json"), (context.Response.StatusCode, context.Response.ContentType));
        Assert.Equal("error", JsonDocument.Parse(answer.ToArray()).RootElement.GetProperty("error").GetString());
        Assert.Contains(lines.All, l => l.Contains("could not be judged", StringComparison.Ordinal));
    }

    private sealed class NoTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("no time");
    }

    private sealed class NoLimit : IHttpMaxRequestBodySizeFeature
    {
        public bool IsReadOnly => false;

        public long? MaxRequestBodySize { get; set; }
    }
}
