using System.Globalization;
using Backstop.Bench;
using Backstop.Backscatter.Bounces;

// CPU a message of the bounce classifier, by folder: Backstop.Bench FOLDER... Each folder's files are read first; then rounds over
// all of them on one thread until the compiler is done, then the rounds that count.
const int WarmUpRounds = 8;
const int Rounds = 7;

if (args is ["deliver", var work])
{
    await DeliverBench.RunAsync(work);
    return 0;
}

if (args is ["fuzz", _, _, _, _, _, ..])
{
    return FuzzBench.Run(args[1..]);
}

if (args is ["cost", _, _, ..])
{
    return FuzzBench.Cost(args[1..]);
}

if (args is ["bayes", var bayesRules])
{
    return BayesBench.Run(bayesRules);
}

if (args.Length == 0)
{
    await Console.Error.WriteLineAsync(
        "usage: Backstop.Bench FOLDER...   or   Backstop.Bench deliver EMPTY-FOLDER   or   Backstop.Bench fuzz COUNT SEED WORST-FOLDER "
            + "RULES FOLDER...   or   Backstop.Bench cost RULES FOLDER...   "
            + "or   Backstop.Bench bayes RULES");
    return 64;
}

var folders = args.Select(a =>
    (Name: Path.GetFileName(a), Mails: Directory.EnumerateFiles(a).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToList()))
    .ToList();
for (var round = 0; round < WarmUpRounds; round++)
{
    foreach (var folder in folders)
    {
        Classify(folder.Mails);
    }

    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
}

Console.WriteLine("folder           mails   KB/mail   CPU ms/mail (median)   allocated KB/mail");
foreach (var (name, mails) in folders)
{
    var rounds = new List<double>();
    var allocated = 0L;
    for (var round = 0; round < Rounds; round++)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var before = GC.GetTotalAllocatedBytes();
        Classify(mails);
        allocated = GC.GetTotalAllocatedBytes() - before;
        rounds.Add((Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / mails.Count);
    }

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-14} {mails.Count,7} {mails.Average(m => m.Length) / 1024,9:F1} {rounds.Order().ElementAt(Rounds / 2),22:F4} "
            + $"{allocated / 1024.0 / mails.Count,19:F1}"));
}

return 0;

static int Classify(List<byte[]> mails)
{
    var automatic = 0;
    foreach (var mail in mails)
    {
        automatic += BounceClassifier.Classify(mail, null).Kind == MailKind.None ? 0 : 1;
    }

    return automatic;
}
