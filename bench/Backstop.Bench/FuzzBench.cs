using System.Globalization;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;
using Backstop.Posix;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Bench;

/// <summary>The CPU time of the worst of many mutated mails, in classifier and rules together, without a budget.</summary>
internal sealed class FuzzBench
{
    private const int Shown = 20;
    private const int Confirmations = 3;
    private const int Rounds = 20;
    private static readonly TimeSpan _dear = TimeSpan.FromMilliseconds(8);
    private static readonly TimeSpan _most = TimeSpan.FromMilliseconds(50);

    private readonly SpamScanner _scanner;
    private readonly PriorityQueue<byte[], double> _worst = new();

    private FuzzBench(SpamScanner scanner) => _scanner = scanner;

    /// <summary>Runs; 1 where a mail cost more than 50 ms.</summary>
    /// <param name="arguments">How many mails, the seed, the folder for the worst, the folder of the rules, folders of mails.</param>
    public static int Run(string[] arguments)
    {
        var (count, seed) = (int.Parse(arguments[0], CultureInfo.InvariantCulture), int.Parse(arguments[1], CultureInfo.InvariantCulture));
        var corpus = arguments[4..].SelectMany(f => Directory.EnumerateFiles(f)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
            .Where(m => m.Length is > 0 and < 200_000).ToList();
        var bench = new FuzzBench(new SpamScanner(RuleSet.LoadOrOwn([arguments[3]])));
        foreach (var mail in corpus.Where((_, i) => i % Math.Max(1, corpus.Count / 300) == 0))
        {
            bench.Cost(mail);
        }

        return bench.Run(new MailMutator(corpus, seed), count, Directory.CreateDirectory(arguments[2]).FullName);
    }

    /// <summary>
    /// What each mail of a folder costs warm, in its parts: the least of its rounds, beside the work that a budget counts.
    /// </summary>
    /// <param name="arguments">The folder of the rules, folders of mails.</param>
    public static int Cost(string[] arguments)
    {
        var bench = new FuzzBench(new SpamScanner(RuleSet.LoadOrOwn([arguments[0]])));
        var files = arguments[1..].SelectMany(f => Directory.EnumerateFiles(f)).Order(StringComparer.Ordinal)
            .Select(f => (Path: f, Mail: File.ReadAllBytes(f))).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            files.ForEach(f => bench.Cost(f.Mail));
        }

        Console.WriteLine("CPU ms: classifier     rules   work, ms    octets   mail");
        foreach (var (path, mail) in files)
        {
            var rounds = Enumerable.Range(0, Rounds).Select(_ => bench.Parts(mail)).ToList();
            var classifier = rounds.Min(r => r.Classifier.TotalMilliseconds);
            var rules = rounds.Min(r => r.Rules.TotalMilliseconds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{classifier,18:F2} {rules,9:F2} {rounds[0].Work.TotalMilliseconds,10:F2} {mail.Length,9}   {path}"));
        }

        return 0;
    }

    private int Run(MailMutator mutator, int count, string folder)
    {
        var (total, worst) = (TimeSpan.Zero, 0.0);
        for (var i = 1; i <= count; i++)
        {
            var mail = mutator.Next();
            var cost = Cost(mail);
            total += cost;

            // Only one that would be among the dearest is measured again: what interrupted the first time is not the mail's cost.
            for (var again = 0; again < Confirmations && cost >= _dear && cost.TotalMilliseconds > Least(); again++)
            {
                cost = Cost(mail) is var next && next < cost ? next : cost;
            }

            if (cost >= _dear)
            {
                mutator.Keep(mail);
            }

            _worst.Enqueue(mail, cost.TotalMilliseconds);
            _ = _worst.Count > Shown ? _worst.Dequeue() : [];
            if (i % 10_000 == 0 || i == count)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i} mails, {total.TotalMilliseconds / i:F2} ms a mail"));
                worst = Report(folder);
            }
        }

        return worst <= _most.TotalMilliseconds ? 0 : 1;
    }

    private double Least() => _worst.Count == Shown && _worst.TryPeek(out _, out var least) ? least : 0;

    // Along the way too: a run of an hour that is ended early has told what it found.
    private double Report(string folder)
    {
        var (worst, found) = (0.0, new PriorityQueue<byte[], double>(_worst.UnorderedItems));
        for (var i = found.Count; found.TryDequeue(out var mail, out var cost); i--)
        {
            var path = Path.Combine(folder, $"worst-{i:D2}.eml");
            File.WriteAllBytes(path, mail);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cost,8:F1} ms {mail.Length,8} octets  {path}"));
            worst = Math.Max(worst, cost);
        }

        return worst;
    }

    private TimeSpan Cost(byte[] mail)
    {
        var (classifier, rules, _) = Parts(mail);
        return classifier + rules;
    }

    // CPU time is what a machine needs; the work that the budget counts is another figure, the same on every machine.
    private (TimeSpan Classifier, TimeSpan Rules, TimeSpan Work) Parts(byte[] mail)
    {
        var began = ThreadTime.Cpu;
        var budget = new MessageBudget(TimeSpan.FromMinutes(1), static () => ThreadTime.Cpu);
        BounceClassifier.Classify(mail, true, budget);
        var classified = ThreadTime.Cpu;
        _scanner.ScanWhole(mail, null, budget);
        return (classified - began, ThreadTime.Cpu - classified, budget.Spent);
    }
}
