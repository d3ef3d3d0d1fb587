using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Backscatter.Storms;

namespace Backstop.Server.Storms;

/// <summary>Keeps the records of storms, a file each: the server writes them, <c>backstop report</c> reads them.</summary>
/// <param name="folder">Where.</param>
public sealed class StormStore(string folder)
{
    private const string Suffix = ".json";

    /// <summary>Writes a record, whole or not at all.</summary>
    /// <param name="record">The record.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Write(StormRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(folder, record.Id + Suffix);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(record, StormJson.Default.StormRecord));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>All records, the latest first. A file that is none is passed over.</summary>
    public IReadOnlyList<StormRecord> Read()
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        // The names begin with the time.
        return [.. Directory.GetFiles(folder, "*" + Suffix).OrderDescending(StringComparer.Ordinal).Select(ReadFile).OfType<StormRecord>()];
    }

    /// <summary>One record; null where there is none of that name.</summary>
    /// <param name="id">Its name.</param>
    public StormRecord? Find(string id) => id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? ReadFile(Path.Combine(folder, id + Suffix)) : null;

    /// <summary>Forgets storms that ended before a time.</summary>
    /// <param name="before">The time.</param>
    public void Forget(DateTimeOffset before)
    {
        foreach (var record in Read().Where(r => r.Ended < before))
        {
            File.Delete(Path.Combine(folder, record.Id + Suffix));
        }
    }

    private static StormRecord? ReadFile(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), StormJson.Default.StormRecord);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}

/// <summary>JSON of storms.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StormRecord))]
[JsonSerializable(typeof(IReadOnlyList<StormRecord>))]
public sealed partial class StormJson : JsonSerializerContext;
