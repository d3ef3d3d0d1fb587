using Backstop.Clean;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;

namespace Backstop.Commands;

/// <summary>
/// Reads the FILE arguments of a verb. Where one cannot be read, the others are still read, the failure is reported,
/// and the verb ends with the exit code of the first failure.
/// </summary>
/// <param name="errors">Receives a line for each failure: stderr.</param>
internal sealed class Inputs(TextWriter errors)
{
    // Twenty lines show what is wrong with a folder as well as twenty thousand would.
    private const int MaxTold = 20;

    private readonly List<string> _untold = [];
    private int _code;

    /// <summary>How many files or messages could not be read.</summary>
    public int Failed { get; private set; }

    /// <summary>Returns the message on stdin.</summary>
    public static FoundMessage Stdin() => new("-", BoundedInput.ReadWhole("read"));

    /// <summary>Returns the files that the arguments name: themselves, and those in folders.</summary>
    /// <param name="paths">Files, folders, or - for stdin.</param>
    public IEnumerable<string> Files(IEnumerable<string> paths) => Read(
        paths,
        p => p == "-" ? [p]
            : Path.Exists(p) ? MessageFiles.List(p)
            : throw new CommandException(ExitCode.NoInput, $"{p}: no such file or folder"));

    /// <summary>Reads all inputs one after the other, as their content is asked for.</summary>
    /// <param name="paths">The arguments.</param>
    /// <param name="read">Reads one input. Where it fails in the middle, what it returned before that counts.</param>
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

    /// <summary>Works on each input, one after the other.</summary>
    /// <param name="paths">The arguments.</param>
    /// <param name="work">Works on one input.</param>
    /// <param name="ct">Stops at the present input.</param>
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
                // Reported at once, because the next input may take an hour.
                Note(failure);
                Tell();
            }
        }
    }

    /// <summary>Reports the failures, and returns the exit code of the verb.</summary>
    /// <param name="code">The exit code where nothing failed.</param>
    /// <returns>That code, or the one of the first failure.</returns>
    public int End(int code)
    {
        Tell();
        if (Failed > MaxTold)
        {
            errors.WriteLine($"backstop: {Failed - MaxTold} more files could not be read");
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

    // Failures of one input; all others end the verb.
    private static (int Code, string Message)? Failure(Exception error, string path) => error switch
    {
        CommandException command => (command.ExitCode, command.Message),
        CleanException clean => (ExitCode.Of(clean.Failure), clean.Message),
        FileNotFoundException or DirectoryNotFoundException =>
            (
                ExitCode.NoInput,
                $"{path}: the file does not exist any more; another program has moved or deleted it, or it is a broken link"),
        UnauthorizedAccessException => (ExitCode.NoPermission, error.Message),
        InvalidDataException => (ExitCode.BadInput, $"{path}: {error.Message}"),
        IOException =>
            (ExitCode.Unavailable, error.Message.StartsWith(path, StringComparison.Ordinal) ? error.Message : $"{path}: {error.Message}"),
        _ => null,
    };

    /// <summary>Reads one input. Opening it may fail in the same ways as reading it.</summary>
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
