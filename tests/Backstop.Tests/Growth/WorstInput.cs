using System.Text;

namespace Backstop.Tests.Growth;

/// <summary>A text that is made longer to see what it costs: a start, a part that is repeated, an end. A character is an octet.</summary>
/// <param name="Start">Stands before.</param>
/// <param name="Repeated">Is repeated.</param>
/// <param name="End">Stands behind.</param>
public sealed record WorstInput(string Start, string Repeated, string End = "")
{
    public byte[] Times(int times) =>
        Encoding.Latin1.GetBytes(new StringBuilder(Start).Insert(Start.Length, Repeated, times).Append(End).ToString());

    public override string ToString() => Short($"{Start}{{{Repeated}}}{End}".Replace("\n", "\\n", StringComparison.Ordinal));

    private static string Short(string text) => text.Length > 100 ? text[..100] + "…" : text;
}
