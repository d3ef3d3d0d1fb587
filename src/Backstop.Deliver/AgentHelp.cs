namespace Backstop.Deliver;

/// <summary>What --help prints.</summary>
internal static class AgentHelp
{
    /// <summary>The forms of the command line, as procmail says them.</summary>
    public const string Usage =
        """
        Usage: procmail [-vptoY] [-f fromwhom] [parameter=value | rcfile] ...
           Or: procmail [-toY] [-f fromwhom] [-a argument] ... -d recipient ...
           Or: procmail [-ptY] [-f fromwhom] -m [parameter=value] ... rcfile [arg] ...
           Or: procmail [-toY] [-a argument] ... -z

        """;

    public const string Text =
        """
        backstop deliver: delivers one message from standard input by the user's recipes (procmail's drop-in).

          backstop deliver [-ptY] [-f SENDER] [-a ARG]... [NAME=VALUE]... [RCFILE]...
          backstop deliver [-tY] [-f SENDER] [-a ARG]... -d USER...
          backstop deliver [-pt] [NAME=VALUE]... -m RCFILE [ARG]...

          -a ARG             $1, $2 and so on in the rcfile
          -d USER...         deliver to each USER (root becomes that user first)
          -f SENDER          write SENDER into the "From " line; "-f -" only a new date
          -m                 a general filter: the RCFILE alone decides
          -p                 keep the caller's environment
          -t                 failures are temporary (75); without --strict-procmail they always are
          -Y                 ignore Content-Length
          -v                 the version
          --strict-procmail  procmail's behaviour to the letter, even where it loses mail

        Without an RCFILE: /etc/procmailrc, then $HOME/.procmailrc. What no recipe delivers goes to $DEFAULT, then $ORGMAIL.
        Where procmail would lose the message (a filter that fails or gives nothing, a pipe that fails, a HOST that differs) it stays
        as it was and goes on; each such case is logged once with its id (see: backstop lint). Automatic answers and forwards of
        mail that must not be answered are not sent (BACKSTOP_GUARD=no in the rcfile switches that off).

        Exit codes: 0 delivered; 64 usage; 66 no rcfile (-m); 67 unknown user; 73 could not be delivered (--strict-procmail); 75 try again;
        77 no permission; or EXITCODE.

        """;
}
