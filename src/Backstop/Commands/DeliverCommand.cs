using System.CommandLine;

namespace Backstop.Commands;

/// <summary>
/// The verb <c>deliver</c> as <c>--help</c> lists it. Its command line is that of procmail, so <see
/// cref="Deliver.DeliveryAgent"/> reads it before any other verb is parsed.
/// </summary>
internal static class DeliverCommand
{
    public static Command Create() =>
        new("deliver", "Deliver one message from stdin by the user's procmail recipes; see: backstop deliver --help");
}
