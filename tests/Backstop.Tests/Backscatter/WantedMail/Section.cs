namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>A part of a data file that begins with <c>= name</c>. Lines before the first of them are comments.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Lines">What follows, without the empty lines at its end.</param>
internal sealed record Section(string Name, IReadOnlyList<string> Lines)
{
    public static List<Section> Read(string path)
    {
        var sections = new List<(string Name, List<string> Lines)>();
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("= ", StringComparison.Ordinal))
            {
                sections.Add((line[2..].Trim(), []));
            }
            else if (sections.Count > 0)
            {
                sections[^1].Lines.Add(line);
            }
        }

        foreach (var (_, lines) in sections)
        {
            while (lines.Count > 0 && lines[^1].Length == 0)
            {
                lines.RemoveAt(lines.Count - 1);
            }
        }

        return sections.ConvertAll(s => new Section(s.Name, s.Lines));
    }
}
