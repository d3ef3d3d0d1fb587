using Backstop.Commands;

namespace Backstop.Tests.Commands;

/// <summary>What one bad FILE among many costs: nothing but its own. The verbs are run in Backstop.Interop.</summary>
public sealed class InputsTests : IDisposable
{
    private readonly StringWriter _errors = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _errors.Dispose();

    [Fact]
    public void Inputs_around_a_failure_count_and_the_first_failure_is_the_code()
    {
        var inputs = new Inputs(_errors);
        var read = inputs.Read<string>(
            ["a", "torn", "missing", "b"],
            p => p switch
            {
                "torn" => Torn(),
                "missing" => throw new CommandException(
                ExitCode.NoInput, "missing: no such file"),
                _ => [p + "1", p + "2"]
            });
        Assert.Equal(["a1", "a2", "half", "b1", "b2"], read);
        Assert.Equal(2, inputs.Failed);
        Assert.Equal(ExitCode.Unavailable, inputs.End(ExitCode.Found));
        Assert.Equal("backstop: torn: cannot be read any further\nbackstop: missing: no such file\n", _errors.ToString());
    }

    [Fact]
    public void Without_a_failure_the_verb_decides_the_exit_code()
    {
        var inputs = new Inputs(_errors);
        Assert.Equal(["a"], inputs.Read<string>(["a"], p => [p]));
        Assert.Equal(ExitCode.Found, inputs.End(ExitCode.Found));
        Assert.Equal("", _errors.ToString());
    }

    [Fact]
    public void File_that_vanishes_from_a_folder_does_not_hide_the_others()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["m"]);
        File.WriteAllText(folder["m/1"], "Subject: 1\n\n");
        File.CreateSymbolicLink(folder["m/2"], folder["nowhere"]);
        File.WriteAllText(folder["m/3"], "Subject: 3\n\n");
        var inputs = new Inputs(_errors);
        Assert.Equal(
            [folder["m/1"], folder["m/3"]],
            inputs.Read(inputs.Files([folder["m"]]), Backstop.Mailboxes.Reading.MessageFiles.ReadFile).Select(m => m.Path));
        Assert.Equal(ExitCode.NoInput, inputs.End(ExitCode.Done));
        Assert.Equal(
            $"backstop: {folder["m/2"]}: the file does not exist any more; "
                + "another program has moved or deleted it, or it is a broken link\n",
            _errors.ToString());
    }

    [Fact]
    public async Task Work_on_the_others_goes_on_unless_all_of_it_is_stopped()
    {
        var (inputs, done) = (new Inputs(_errors), new List<string>());
        await inputs.EachAsync(["a", "bad", "b"], Work, Ct);
        Assert.Equal(["a", "b"], done);
        Assert.Equal("backstop: bad: denied\n", _errors.ToString());
        Assert.Equal(ExitCode.NoPermission, inputs.End(ExitCode.Done));

        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => inputs.EachAsync(["c", "bad", "d"], Work, stop.Token));
        Assert.Equal(["a", "b", "c"], done);

        Task Work(string path)
        {
            if (path == "bad")
            {
                throw new UnauthorizedAccessException("bad: denied");
            }

            done.Add(path);
            return Task.CompletedTask;
        }
    }

    /// <summary>A bug or a broken journal is no fault of an input's: it ends the verb.</summary>
    [Fact]
    public void All_else_ends_the_verb() =>
        Assert.Throws<InvalidOperationException>(() =>
            new Inputs(_errors).Read<string>(["a", "b"], _ => throw new InvalidOperationException()).ToList());

    private static IEnumerable<string> Torn()
    {
        yield return "half";
        throw new IOException("cannot be read any further");
    }
}
