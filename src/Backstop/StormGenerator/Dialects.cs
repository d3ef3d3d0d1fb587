namespace Backstop.StormGenerator;

/// <summary>A form in which mail servers write bounces.</summary>
/// <param name="Name">The name of the form.</param>
/// <param name="Template">The message, with places to fill in; lines end in LF.</param>
internal sealed record Dialect(string Name, string Template)
{
    /// <summary>
    /// Whether a person's or a filter's program answers rather than a mail server. Half of these have a real sender.
    /// </summary>
    public bool IsAnswer => Name is "vacation" or "challenge" or "antivirus";
}

/// <summary>Reads the forms from <c>dialects.txt</c>.</summary>
internal static class Dialects
{
    public static IReadOnlyList<Dialect> All { get; } = Load();

    private static List<Dialect> Load()
    {
        using var reader = new StreamReader(typeof(Dialects).Assembly.GetManifestResourceStream("dialects.txt")!);
        var sections = reader.ReadToEnd().Split("\n== ")[1..];
        return [.. sections.Select(s => s.Split('\n', 2)).Select(s => new Dialect(s[0].Trim(), s[1].TrimEnd('\n') + "\n"))];
    }
}
