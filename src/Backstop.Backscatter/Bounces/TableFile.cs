namespace Backstop.Backscatter.Bounces;

/// <summary>Reads an embedded table: one row a line, columns separated by tabs, # begins a comment line.</summary>
internal static class TableFile
{
    public static List<string[]> Read(string name)
    {
        using var stream = typeof(TableFile).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        var rows = new List<string[]>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                rows.Add(line.Split('\t'));
            }
        }

        return rows;
    }
}
