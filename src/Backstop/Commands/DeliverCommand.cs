using System.CommandLine;

namespace Backstop.Commands;

/// <summary>
/// <c>deliver</c> as --help lists it. Its command line is procmail's, so <see cref="Deliver.DeliveryAgent"/> reads it before any
/// other verb's is read.
/// </summary>
internal static class DeliverCommand
{
    public static Command Create() =>
        new("deliver", "Deliver one message from stdin by the user's procmail recipes; see: backstop deliver --help");
}
