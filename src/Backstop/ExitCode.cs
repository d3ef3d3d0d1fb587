using Backstop.Clean;

namespace Backstop;

/// <summary>The exit codes of the command line, as in sysexits.h. They are a contract and never change.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Found = 1;
    public const int Usage = 64;
    public const int BadInput = 65;
    public const int NoInput = 66;
    public const int Unavailable = 69;
    public const int Bug = 70;
    public const int CannotCreate = 73;
    public const int TryAgain = 75;
    public const int Protocol = 76;
    public const int NoPermission = 77;
    public const int BadConfig = 78;

    /// <summary>Returns the code for a mailbox that could not be cleaned.</summary>
    public static int Of(CleanFailure failure) => failure switch
    {
        CleanFailure.Usage => Usage,
        CleanFailure.BadInput => BadInput,
        CleanFailure.NoInput => NoInput,
        CleanFailure.Unavailable => Unavailable,
        CleanFailure.CannotCreate => CannotCreate,
        CleanFailure.TryAgain => TryAgain,
        CleanFailure.Protocol => Protocol,
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "no exit code is defined for this failure"),
    };
}
