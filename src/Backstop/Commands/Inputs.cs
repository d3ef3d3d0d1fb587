using Backstop.Clean;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;

namespace Backstop.Commands;

/// <summary>
/// The FILEs of a verb. One that cannot be read costs nobody else's work: the others are done, it is told of, and the verb ends
/// with the code of the first that failed.
/// </summary>
/// <param name="errors">Where it is told of: stderr.</param>
internal sealed class Inputs(TextWriter errors)
{
    // Twenty say what is wrong with a folder as well as twenty thousand.
    private const int MaxTold = 20;

    private readonly List<string> _untold = [];
    private int _code;

    /// <summary>How many could not be read.</summary>
    public int Failed { get; private set; }

    /// <summary>A message on standard input.</summary>
    public static FoundMessage Stdin()
    {
        using var input = Console.OpenStandardInput();
        using var message = new MemoryStream();
        input.CopyTo(message);
        return new("-", message.ToArray());
    }

    /// <summary>The files that the FILEs name: themselves, and those in folders.</summary>
    /// <param name="paths">Files, folders, or - for stdin.</param>
    public IEnumerable<string> Files(IEnumerable<string> paths) => Read(
        paths,
        p => p == "-" ? [p]
            : Path.Exists(p) ? MessageFiles.List(p)
            : throw new CommandException(ExitCode.NoInput, $"{p}: no such file or folder"));

    /// <summary>What all of them hold, one after the other, as it is asked for.</summary>
    /// <param name="paths">The FILEs.</param>
    /// <param name="read">Reads one; where it fails midway, what it gave until then counts.</param>
    public IEnumerable<T> Read<T>(IEnumerable<string> paths, Func<string, IEnumerable<T>> read)
    {
        foreach (var path in paths)
        {
            using var items = new Reading<T>(path, read);
            while (TryRead(items, out var item))
            {
                yield return item;
            }
        }
    }

    /// <summary>Does something with each, one after the other.</summary>
    /// <param name="paths">The FILEs.</param>
    /// <param name="work">The work.</param>
    /// <param name="ct">Ends all of it.</param>
    public async Task EachAsync(IEnumerable<string> paths, Func<string, Task> work, CancellationToken ct)
    {
        foreach (var path in paths)
        {
            try
            {
                await work(path);
            }
            catch (Exception error) when (!ct.IsCancellationRequested && Failure(error, path) is { } failure)
            {
                // Said at once: the next one may take an hour.
                Note(failure);
                Tell();
            }
        }
    }

    /// <summary>Tells of those that failed.</summary>
    /// <param name="code">What the verb has to say otherwise.</param>
    /// <returns>The exit code of the verb.</returns>
    public int End(int code)
    {
        Tell();
        if (Failed > MaxTold)
        {
            errors.WriteLine($"backstop: and {Failed - MaxTold} more that could not be read");
        }

        return _code != 0 ? _code : code;
    }

    private bool TryRead<T>(Reading<T> items, out T item)
    {
        item = default!;
        try
        {
            return items.TryNext(out item);
        }
        catch (Exception error) when (Failure(error, items.Path) is { } failure)
        {
            Note(failure);
            return false;
        }
    }

    private void Note((int Code, string Message) failure)
    {
        _code = _code == 0 ? failure.Code : _code;
        if (++Failed <= MaxTold)
        {
            _untold.Add(failure.Message);
        }
    }

    private void Tell()
    {
        _untold.ForEach(m => errors.WriteLine($"backstop: {ShownText.Of(m)}"));
        _untold.Clear();
    }

    // What is wrong with one input only; all else ends the verb.
    private static (int Code, string Message)? Failure(Exception error, string path) => error switch
    {
        CommandException command => (command.ExitCode, command.Message),
        CleanException clean => (ExitCode.Of(clean.Failure), clean.Message),
        FileNotFoundException or DirectoryNotFoundException =>
            (ExitCode.NoInput, $"{path}: gone; another program has moved or deleted it, or it is a link to nothing"),
        UnauthorizedAccessException => (ExitCode.NoPermission, error.Message),
        InvalidDataException => (ExitCode.BadInput, $"{path}: {error.Message}"),
        IOException =>
            (ExitCode.Unavailable, error.Message.StartsWith(path, StringComparison.Ordinal) ? error.Message : $"{path}: {error.Message}"),
        _ => null,
    };

    /// <summary>One input as it is read: opening it may fail as reading it may.</summary>
    private sealed class Reading<T>(string path, Func<string, IEnumerable<T>> read) : IDisposable
    {
        private IEnumerator<T>? _items;

        public string Path => path;

        public bool TryNext(out T item)
        {
            _items ??= read(path).GetEnumerator();
            var has = _items.MoveNext();
            item = has ? _items.Current : default!;
            return has;
        }

        public void Dispose() => _items?.Dispose();
    }
}
