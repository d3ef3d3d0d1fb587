namespace Backstop.Recipes.Language;

/// <summary>Reads the first line of a recipe: <c>:0 [flags] [: [lockfile]]</c>.</summary>
internal sealed class RcHeadReader(RcScanner scanner)
{
    private readonly List<RcText> _skipped = [];

    public RcFlags Flags { get; private set; }

    /// <summary>How many conditions follow; -1 where stars mark them.</summary>
    public int Count { get; private set; }

    public RcText? Lock { get; private set; }

    public IReadOnlyList<RcText> Skipped => _skipped;

    public void Read()
    {
        scanner.Offset++;
        scanner.SkipBlanks();
        int? count = null;
        while (char.IsAsciiDigit(scanner.Current))
        {
            count = Math.Min((count ?? 0) * 10 + (scanner.Current - '0'), 1000);
            scanner.Offset++;
        }

        ReadFlags();

        // The old style: a number counts conditions, and none means one, or none with flags that are a condition themselves.
        const RcFlags conditional = RcFlags.Also | RcFlags.AlsoIfSuccess | RcFlags.Else | RcFlags.OnError;
        Count = count switch { 0 => -1, null => Flags.HasAny(conditional) ? 0 : 1, var n => n.Value };
    }

    private void ReadFlags()
    {
        while (true)
        {
            scanner.SkipBlanks();
            if (scanner.IsAtEnd || scanner.Current == '\n')
            {
                return;
            }

            if (scanner.Current == '#')
            {
                scanner.ReadLine();
                return;
            }

            if (scanner.Current == ':')
            {
                scanner.Offset++;
                ReadLock();
                return;
            }

            if (RcFlagLetters.Find(scanner.Current) is not { } flag)
            {
                // procmail: the rest of the line goes with it, flags and lockfile too.
                _skipped.Add(scanner.ReadLine());
                return;
            }

            scanner.Offset++;
            Flags |= flag;
        }
    }

    private void ReadLock()
    {
        scanner.SkipBlanks();
        Lock = scanner.Current == '#' ? scanner.From(scanner.Offset) : scanner.ReadWord();
        scanner.SkipBlanks();
        if (scanner.Current == '#')
        {
            scanner.ReadLine();
        }
        else if (!scanner.IsAtEnd && scanner.Current != '\n')
        {
            _skipped.Add(scanner.ReadLine());
        }
    }
}
