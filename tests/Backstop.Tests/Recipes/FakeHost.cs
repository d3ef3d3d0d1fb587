using System.Text;
using Backstop.Recipes.Running;

namespace Backstop.Tests.Recipes;

/// <summary>A world that remembers what recipes did to it.</summary>
internal sealed class FakeHost : IRecipeHost
{
    /// <summary>A mail for bob.</summary>
    public const string Mail = "From ann@example.org Mon Nov  2 10:00:00 2026\nFrom: Ann <ann@example.org>\nTo: "
        + "bob@example.net\nSubject: lunch\n\nAt noon?\n";

    public List<string> Delivered { get; } = [];

    public List<string> Contents { get; } = [];

    public List<string> Ran { get; } = [];

    public HashSet<string> Answered { get; } = new(StringComparer.Ordinal);

    public List<string> Locked { get; } = [];

    /// <summary>Lockfiles that nobody has given back.</summary>
    public List<string> Held { get; } = [];

    public StringBuilder Written { get; } = new();

    /// <summary>Whether the run has done anything; of the next one, nothing.</summary>
    public bool HasActed { get; set; }

    public Dictionary<string, string> RcFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>What the program knew of each rcfile when it asked for it.</summary>
    public List<RcFileText?> Known { get; } = [];

    public HashSet<string> Broken { get; } = new(StringComparer.Ordinal);

    /// <summary>What a program does with its input: null fails it.</summary>
    public Func<ProgramCall, ProgramOutcome> Program { get; set; } = _ =>
        new(0, ReadOnlyMemory<byte>.Empty, TookAll: true, TimedOut: false);

    /// <summary>How many mails may be sent on.</summary>
    public int Forwards { get; set; } = int.MaxValue;

    public string HostName => "mx.example.org";

    public ProgramOutcome Run(ProgramCall program)
    {
        HasActed = true;
        Ran.Add(string.Join(' ', program.Arguments));
        return Program(program);
    }

    public FolderOutcome Deliver(FolderCall delivery)
    {
        var name = delivery.Names[0];
        if (Broken.Contains(name))
        {
            return new(name, 0, "broken");
        }

        HasActed = true;
        Delivered.Add(name);
        Contents.Add(string.Concat(delivery.Mail.Content.Select(c => Encoding.Latin1.GetString(c.Span))));
        return new(name, delivery.Mail.Content.Sum(c => c.Length), null);
    }

    public IDisposable? Lock(LockCall lockfile)
    {
        Locked.Add(lockfile.Name);
        Held.Add(lockfile.Name);
        return new Holding(this, lockfile.Name);
    }

    public RcFileText? ReadRcFile(string path, RcFileText? known)
    {
        Known.Add(known);
        return !RcFiles.TryGetValue(path, out var text) ? null : text == known?.Text ? known : new(text);
    }

    public bool CanEnter(string path) => path.EndsWith("/home", StringComparison.Ordinal) || path.EndsWith("dir", StringComparison.Ordinal);

    public void OpenLog(string path)
    {
    }

    public void Log(string text) => Written.Append(text);

    public void Pause(TimeSpan duration)
    {
    }

    public bool MayReply(string sender) => Answered.Add(sender);

    public bool WasAnswered(string sender) => Answered.Contains(sender);

    public bool MayForward() => Forwards > 0;

    public void NoteForward()
    {
        Forwards--;
        HasActed = true;
    }

    /// <summary>What a run begins with.</summary>
    public static Dictionary<string, string> Variables() => new(StringComparer.Ordinal)
    {
        ["DEFAULT"] = "inbox",
        ["ORGMAIL"] = "org",
        ["HOME"] = "/home",
        ["LOGNAME"] = "bob",
        ["RECIPIENT"] = "bob@example.net",
        ["SHELLMETAS"] = "&|<>~;?*[",
        ["LOGFILE"] = "",
    };

    /// <summary>Runs recipes over a mail in this world.</summary>
    public RecipeOutcome Run(string rc, bool isStrict = false, string mail = Mail)
    {
        RcFiles["/home/.procmailrc"] = rc;
        HasActed = false;
        return new RecipeRun(new(), this, new() { IsStrict = isStrict }, Encoding.Latin1.GetBytes(mail), Variables(), "/home")
            .Execute(["/home/.procmailrc"]);
    }

    private sealed class Holding(FakeHost host, string name) : IDisposable
    {
        public void Dispose() => host.Held.Remove(name);
    }
}
