using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>How a run ends: the last resorts, the log, TRAP and the exit code.</summary>
public sealed partial class RecipeRun
{
    private const int CannotCreate = 73;
    private const int TryAgain = 75;

    // EXITCODE="" lets TRAP decide the exit code.
    private const int NoNumber = -2;

    // The part of an exit code that reaches the program which waits for it.
    private const int LowOctet = 0xFF;

    // Whether EXITCODE is 0, or 0 in its low octet: off, no, 256.
    private bool SaysSuccess => _state.Variables.Number("EXITCODE", -1) is >= 0 and var code && (code & LowOctet) == 0;

    private void DeliverDefault()
    {
        _state.IsJoined = false;
        if (DeliverTo("DEFAULT", locks: true) || DeliverTo("ORGMAIL", locks: false))
        {
            return;
        }

        // "**Bounced**" is procmail's word: 73 makes the mail server write to the sender. 75 makes it try again.
        var isSoft = _options.SoftFails || !_options.IsStrict;
        var isLost = _options.IsStrict && RecipeVariables.MeansYes(_state.Variables.Text("DELIVERED"));
        if (!_options.IsStrict && SaysSuccess)
        {
            _log.Deviate("L25", "nothing could be written: the message is deferred, though EXITCODE says that it was delivered");
        }
        else if (isSoft && !_options.SoftFails)
        {
            _log.Deviate("L25", "nothing could be written: the message is deferred, not bounced");
        }

        End(
            isLost ? 0 : isSoft ? TryAgain : CannotCreate, isDelivered: false,
            isLost ? "**Lost**" : isSoft ? "**Requeued**" : "**Bounced**", 0);
    }

    private bool DeliverTo(string variable, bool locks)
    {
        if (_state.Variables[variable] is not { Length: > 0 } name)
        {
            return false;
        }

        ActionOutcome outcome;
        using (locks ? _locks.TakeForDefault(name) : null)
        {
            outcome = _actions.Deliver([name], RcFlags.None, locks);
        }

        if (outcome.Succeeded)
        {
            End(0, isDelivered: true, outcome.Folder, outcome.Size);
        }

        return outcome.Succeeded;
    }

    private void End(int exitCode, bool isDelivered, string folder, long size)
    {
        _frames.Clear();
        _rcFiles.Clear();
        _decided = exitCode;
        var abstracts = _state.Variables.Number("LOGABSTRACT");
        if (abstracts > 0 || (abstracts < 0 && (_log.IsVerbose || _state.Variables.Text("LOGFILE").Length > 0)))
        {
            _log.Abstract(_state.Message, folder, size, _state.IsJoined);
        }

        if (!_options.IsStrict && !isDelivered && exitCode != 0 && SaysSuccess)
        {
            // The mail server would drop its copy, the only one left. TRAP, too, is told how the run ends.
            _state.Variables["EXITCODE"] = null;
        }

        var code = _state.Variables["EXITCODE"] is null ? null : (long?)_state.Variables.Number("EXITCODE", NoNumber);
        var trapStatus = RunTrap(exitCode);
        if (code is >= 0)
        {
            exitCode = (int)(code & LowOctet);
        }
        else if (code == NoNumber && trapStatus is > 0 and var failed)
        {
            // A TRAP that succeeds does not make a success of a message that was not delivered.
            exitCode = failed;
        }

        _outcome = new(exitCode, isDelivered, folder);
    }

    private int? RunTrap(int exitCode)
    {
        if (_state.Variables["TRAP"] is not { Length: > 0 } trap)
        {
            return null;
        }

        // Here and not where it is set: a program's output becomes TRAP without an assignment. A value within single quotes is put in
        // by the shell, when the trap runs, and stays a value.
        if (!_options.IsStrict && _state.Variables.Written("TRAP").IsCommandOfMail)
        {
            _log.Deviate("L40", "TRAP is not run: the message wrote it in part; write its value in single quotes");
            return null;
        }

        if (string.IsNullOrEmpty(_state.Variables["EXITCODE"]))
        {
            _state.Variables["EXITCODE"] = exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return _programs.Run(
            _programs.Parse(trap), RecipePrograms.Input(_state.Message.Octets, isRaw: false), ProgramOutput.Logged, waits: true).Status;
    }
}
