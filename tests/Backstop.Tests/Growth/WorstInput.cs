using System.Text;

namespace Backstop.Tests.Growth;

/// <summary>A text that is made longer to see what it costs: a start, a part that is repeated, an end. A character is an octet.</summary>
/// <param name="Start">Stands before.</param>
/// <param name="Repeated">Is repeated.</param>
/// <param name="End">Stands behind.</param>
public sealed record WorstInput(string Start, string Repeated, string End = "")
{
    /// <summary>The text with so many of the repeated part; made in place, for it may have 16 MB.</summary>
    public byte[] Times(int times)
    {
        var text = new byte[Start.Length + (Repeated.Length * times) + End.Length];
        var at = Encoding.Latin1.GetBytes(Start, text);
        for (var i = 0; i < times; i++)
        {
            at += Encoding.Latin1.GetBytes(Repeated, text.AsSpan(at));
        }

        Encoding.Latin1.GetBytes(End, text.AsSpan(at));
        return text;
    }

    public override string ToString() => Short($"{Start}{{{Repeated}}}{End}".Replace("\n", "\\n", StringComparison.Ordinal));

    private static string Short(string text) => text.Length > 100 ? text[..100] + "…" : text;
}
