namespace Backstop.Recipes.Language;

/// <summary>Parses an rcfile (procmailrc(5)). Any text can be parsed: what is not a statement becomes <see cref="RcSkipped"/>.</summary>
public static class RcParser
{
    // Blocks within blocks: nobody writes so many, and the reader must not run out of stack.
    private const int MaxDepth = 200;

    /// <summary>Parses an rcfile.</summary>
    /// <param name="path">Its name, for <c>$_</c> and messages.</param>
    /// <param name="text">Its text, one char an octet.</param>
    public static RcFile Parse(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(text);
        return new(path, ParseBlock(new(text), depth: 0, out _));
    }

    private static List<RcStatement> ParseBlock(RcScanner scanner, int depth, out bool isClosed)
    {
        var statements = new List<RcStatement>();
        isClosed = false;
        while (true)
        {
            scanner.SkipSpace();
            if (scanner.IsAtEnd)
            {
                break;
            }

            if (scanner.Current == '}' && depth > 0)
            {
                scanner.Offset++;
                isClosed = true;
                return statements;
            }

            statements.Add(ParseStatement(scanner, depth));
            if (scanner.Unclosed is { } quote)
            {
                statements[^1] = statements[^1] is RcUnclosed ? statements[^1] : new RcUnclosed(quote, statements[^1]);
                break;
            }
        }

        return statements;
    }

    private static RcStatement ParseStatement(RcScanner scanner, int depth)
    {
        var at = scanner.Position;
        if (scanner.Current == ':')
        {
            return ParseRecipe(scanner, depth);
        }

        if (scanner.Current == '}')
        {
            scanner.Offset++;
            return new RcSkipped(at, "}");
        }

        if (scanner.ReadName() is not { } name)
        {
            return new RcSkipped(at, scanner.ReadLine().Text);
        }

        if (scanner.Current is not (' ' or '\t' or '\n' or '='))
        {
            // procmail: a word goes, and what follows it begins anew.
            return new RcSkipped(at, name);
        }

        scanner.SkipBlanks();
        if (scanner.Current != '=')
        {
            return new RcUnset(at, name);
        }

        scanner.Offset++;
        scanner.SkipBlanks();
        return new RcAssignment(at, name, scanner.ReadValue());
    }

    private static RcRecipe ParseRecipe(RcScanner scanner, int depth)
    {
        var at = scanner.Position;
        var start = scanner.Offset++;
        scanner.ReadWords();
        var headText = scanner.From(start);
        var head = new RcHeadReader(headText with { Text = headText.Text[1..], At = at with { Column = at.Column + 1 } });
        var conditions = new List<RcCondition>();
        for (var left = head.Count; left != 0; left--)
        {
            scanner.SkipSpace();
            var isStarred = scanner.Current == '*';
            if (scanner.IsAtEnd || (head.Count < 0 && !isStarred))
            {
                break;
            }

            scanner.Offset += isStarred ? 1 : 0;
            scanner.SkipBlanks();
            conditions.Add(RcConditionParser.ParseLine(scanner.ReadContinuedLine()));
        }

        scanner.SkipSpace();
        return new(
            at, head.Flags, headText, head.Skipped, head.Lock, head.Count >= 0, conditions,
            ParseAction(scanner, depth, conditions.Count > 0))
        {
            HasVariableFlags = head.HasVariableFlags,
            HasPlainHead = head.IsPlain,
        };
    }

    private static RcAction? ParseAction(RcScanner scanner, int depth, bool hasConditions)
    {
        var at = scanner.Position;

        // procmail: without conditions the next recipe's first line is a folder's name.
        if (scanner.IsAtEnd || scanner.Current == '}' || (scanner.Current == ':' && hasConditions))
        {
            return null;
        }

        switch (scanner.Current)
        {
            case '!':
                scanner.Offset++;
                return new RcForwardAction(at, scanner.ReadWords());
            case '|':
                scanner.Offset++;
                return new RcPipeAction(at, null, scanner.ReadContinuedLine());
            case '{' when scanner.Peek(1) is ' ' or '\t' or '\n' && depth < MaxDepth:
                scanner.Offset++;
                var block = ParseBlock(scanner, depth + 1, out var isClosed);
                return new RcBlockAction(at, block, isClosed);
            default:
                return (RcAction?)ParseCapture(scanner, at) ?? new RcFolderAction(at, scanner.ReadFolders());
        }
    }

    private static RcPipeAction? ParseCapture(RcScanner scanner, RcPosition at)
    {
        var start = scanner.Offset;
        if (scanner.ReadName() is { } name)
        {
            scanner.SkipBlanks();
            if (scanner.Current == '=')
            {
                scanner.Offset++;
                scanner.SkipBlanks();
                if (scanner.Current == '|')
                {
                    scanner.Offset++;
                    return new(at, name, scanner.ReadContinuedLine());
                }
            }
        }

        scanner.Offset = start;
        return null;
    }
}
