using System.Text;
using System.Text.Json;
using Backstop.Deliver;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Recipes.Running;
using Backstop.Server.Users;

namespace Backstop.Server.Delivery;

/// <summary>What a helper does for the server, as the user that it is: writes folders and runs recipes.</summary>
/// <param name="wire">The server.</param>
/// <param name="home">The user's home.</param>
/// <param name="time">The clock.</param>
internal sealed class HelperWork(HelperWire wire, string home, TimeProvider time)
{
    private const int MaxRequest = 64 << 20;
    private const int MaxLine = 4096;

    // Which messages of an earlier run are in a folder is read once; more folders than this are read again.
    private const int MaxWriters = 200;

    private readonly Dictionary<FolderRef, FolderWriter> _writers = [];
    private readonly RcProgram _program = new();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>Returns the whole body of a message, as it goes to a helper.</summary>
    public static ReadOnlyMemory<byte> BodyOf(SpoolContent content)
    {
        if (content.LargeFile is null)
        {
            return content.Body;
        }

        using var body = content.OpenBody();
        var octets = new byte[body.Length];
        body.ReadExactly(octets);
        return octets;
    }

    /// <summary>Serves until the server has gone.</summary>
    /// <exception cref="IOException">It has gone in the middle of something.</exception>
    public void Serve()
    {
        while (wire.Receive(MaxRequest, out var payload) == HelperFrame.Request)
        {
            var request = JsonSerializer.Deserialize(payload, HelperJson.Default.HelperRequest)!;
            if (request.Recipes is { } recipes)
            {
                RunRecipes(request, recipes);
            }
            else
            {
                Send(request.Copies is null ? Look(request) : Write(request, request.Copies));
            }
        }
    }

    private HelperReply Look(HelperRequest request) => new() { LastId = WriterOf(request, isFresh: false).LastId() };

    private HelperReply Write(HelperRequest request, IReadOnlyList<HelperCopy> heads)
    {
        var copies = heads.Select(h => CopyOf(request.Folder!, h)).ToList();
        try
        {
            return new() { Written = WriterOf(request, heads.Any(h => h.IsFresh)).Deliver(copies) };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new() { Error = error.Message, ErrorNumber = error.HResult };
        }
    }

    private FolderWriter WriterOf(HelperRequest request, bool isFresh)
    {
        var folder = request.Folder!;
        if (!isFresh && _writers.TryGetValue(folder, out var known))
        {
            return known;
        }

        if (_writers.Count >= MaxWriters)
        {
            _writers.Clear();
        }

        return _writers[folder] = new(folder, request.Host, request.Owner, time, syncs: true);
    }

    private FolderCopy CopyOf(FolderRef folder, HelperCopy head)
    {
        var body = wire.Expect(HelperFrame.Content, int.MaxValue);
        SpoolTarget[] targets = head.Header.Length == 0 ? [] : new SpoolTarget[(head.Target % SpoolContent.TargetsPerCopy) + 1];
        Array.Fill(targets, new(folder, head.Header));
        var envelope = new SpoolEnvelope(head.ReceivedUnixMs, head.ReversePath, head.Lines, null, body.Length, head.Trace, targets);
        return new(SpoolEntry.Elsewhere(head.Id), new(envelope, body, null), head.Target, head.MayBeThere) { Earlier = head.Earlier };
    }

    private void RunRecipes(HelperRequest request, RecipeSetting setting)
    {
        var message = wire.Expect(HelperFrame.Content, int.MaxValue);
        var replies = new ReplyMemory($"{home}/.backstop-replies", time);
        var calls = new PlanSettings
        {
            HostName = request.Host,
            Running = begins => wire.Send(begins ? HelperFrame.Begins : HelperFrame.Ends, []),
            Log = Log,
            MayReply = replies.MayReply,
            WasAnswered = replies.WasAnswered,
            MayForward = MayForward,
            Forwarding = () => wire.Send(HelperFrame.Forwards, []),
        };
        RecipeResult result;
        try
        {
            result = RecipeWork.Run(setting, _program, calls, _told.Add, message, time);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            result = new(error.Message, HasActed: false, []);
        }

        Send(new()
        {
            Error = result.Problem ?? "",
            HasActed = result.HasActed,
            Plan = [.. result.Plan.Select(c => new HelperPlan(c.Folder.Format, c.Folder.Path, c.Remade is not null))],
        });
        foreach (var octets in result.Plan.Select(c => c.Remade).OfType<ReadOnlyMemory<byte>>())
        {
            wire.Send(HelperFrame.Content, octets.Span);
        }
    }

    private bool MayForward()
    {
        wire.Send(HelperFrame.MayForward, []);
        return wire.Receive(0, out _) == HelperFrame.Yes;
    }

    private void Log(string text) =>
        wire.Send(HelperFrame.Line, Encoding.UTF8.GetBytes(text.Length <= MaxLine ? text : text[..MaxLine]));

    private void Send(HelperReply reply) =>
        wire.Send(HelperFrame.Reply, JsonSerializer.SerializeToUtf8Bytes(reply, HelperJson.Default.HelperReply));
}
