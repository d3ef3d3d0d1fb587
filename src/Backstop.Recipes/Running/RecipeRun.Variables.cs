using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>Variables that do something when they are set or taken away.</summary>
public sealed partial class RecipeRun
{
    /// <summary>Sets a variable, with all that follows for those that mean something (procmailrc(5), "Environment").</summary>
    /// <param name="name">The variable.</param>
    /// <param name="raw">Its value as written on a command line: quotes and substitutions are read, blanks are part of it.</param>
    public void Assign(string name, string raw)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(raw);

        // Mail servers write the sender and the recipient there.
        Assign(name, _programs.Expander.Text(raw, name), isFromMail: !RecipeDefaults.Names.Contains(name));
    }

    private void Assign(RcAssignment assignment) =>
        Assign(assignment.Name, _programs.Expander.Value(assignment.Value.Text, assignment.Name), isFromMail: false);

    private void Assign(string name, Expanded value, bool isFromMail)
    {
        if (_programs.Expander.HasOverflowed)
        {
            _programs.SayOverflow();
            return;
        }

        _log.Trace($"Assigning \"{name}={value.Text}\"");
        _state.Variables.Set(name, value.Text, isFromMail ? Expanded.Whole : value.FromMail);
        Apply(name, value.Text);
    }

    private void Apply(string name, string value)
    {
        switch (name)
        {
            case "MAILDIR" when _host.CanEnter(_state.Resolve(value)):
                _state.Directory = _state.Resolve(value);
                break;
            case "MAILDIR":
                _log.Say($"Couldn't chdir to \"{value}\"");
                _state.Variables[name] = ".";
                break;
            case "LOGFILE":
                _host.OpenLog(value.Length == 0 ? "" : _state.Resolve(value));
                break;
            case "LOG":
                _log.Write(value);
                break;
            case "VERBOSE":
                _log.IsVerbose = _state.Variables.Number(name) != 0;
                break;
            case "LINEBUF":
                _state.TakeLineBuffer();
                break;
            case "UMASK":
                _state.Umask = ParseOctal(value);
                break;
            case "HOST" when value != _host.HostName:
                StopFile();
                break;
            case "SHIFT":
                _state.Arguments = [.. _state.Arguments.Skip((int)Math.Clamp(_state.Variables.Number(name, 0), 0, int.MaxValue))];
                break;
            case "LOCKFILE":
                _locks.TakeGlobal(value);
                break;
            case "INCLUDERC" when value.Length > 0 && Read(value) is { } file:
                _frames.Include(file, _state.RcFile);
                _state.RcFile = _state.Resolve(value);
                break;
            case "SWITCHRC" when value.Length == 0:
                Unset(name);
                break;
            case "SWITCHRC" when Read(value) is { } file:
                var returns = _frames.LeaveFile();
                _frames.Include(file, returns ?? _state.RcFile);
                _state.RcFile = _state.Resolve(value);
                break;
        }
    }

    private void Unset(string name)
    {
        switch (name)
        {
            case "HOST":
                StopFile();
                break;
            case "SWITCHRC":
                _state.RcFile = _frames.LeaveFile() ?? _state.RcFile;
                break;
            case "LOCKFILE":
                _locks.TakeGlobal("");
                break;
            case "LOGFILE":
                _host.OpenLog("");
                break;
            case "LINEBUF" when _options.IsStrict:
                _state.TakeLineBuffer();
                break;
            case "UMASK" when _options.IsStrict:
                // What everybody may read is not what was meant.
                _state.Umask = 0;
                break;
        }
    }

    private static int ParseOctal(string text)
    {
        var value = 0;
        foreach (var c in text.TakeWhile(c => c is >= '0' and <= '7'))
        {
            value = (value * 8 + (c - '0')) & 0b111_111_111;
        }

        return value;
    }

    // HOST is another: the next rcfile of the command line is for it, or nothing is.
    private void StopFile()
    {
        _frames.Clear();
        if (EnterNext())
        {
            return;
        }

        _stopped = true;
        if (!_options.IsStrict && _state.Variables.Number("EXITCODE", -1) < 0)
        {
            _log.Deviate("L26", "HOST is another host: the message is deferred, not thrown away");
            End(TryAgain, isDelivered: false, "**Requeued**", 0);
            return;
        }

        // procmail: the log names the last folder, of a copy perhaps.
        End(0, isDelivered: false, _state.Variables.Text("LASTFOLDER"), _state.LastSize);
    }
}
