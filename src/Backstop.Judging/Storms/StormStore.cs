using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Backscatter.Storms;
using Backstop.Posix;
using Backstop.State;

namespace Backstop.Judging.Storms;

/// <summary>Stores the records of storms, one file each: the server writes them, <c>backstop report</c> reads them.</summary>
/// <param name="folder">The folder of the files.</param>
/// <param name="health">Sets damaged files aside; null to ignore them.</param>
internal sealed class StormStore(string folder, StoreHealth? health = null)
{
    private const string Suffix = ".json";

    // A session writes a storm that begins, and the clock those that go on.
    private readonly Lock _gate = new();

    /// <summary>Writes a record, completely or not at all.</summary>
    /// <param name="record">The present state of a storm; replaces an earlier one of the same id.</param>
    /// <exception cref="IOException">It could not be written; with a <see cref="StoreHealth"/> the failure is recorded
    /// there instead.</exception>
    public void Write(StormRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        try
        {
            SetFileAside();
            Folders.Make(folder);
            var path = Path.Combine(folder, record.Id + Suffix);
            lock (_gate)
            {
                File.WriteAllText(path + ".new", JsonSerializer.Serialize(record, StormJson.Default.StormRecord));
                File.Move(path + ".new", path, overwrite: true);
            }

            health?.Worked(isWrite: true);
        }
        catch (Exception error) when (health is not null && error is IOException or UnauthorizedAccessException)
        {
            // The storm continues in memory; its record is written again in a few seconds.
            health.Failed(StoreException.FaultOf(error), error.Message, isWrite: true);
        }
    }

    /// <summary>Returns all records, the latest first. A file that is not a record is ignored.</summary>
    public IReadOnlyList<StormRecord> Read()
    {
        try
        {
            SetFileAside();

            // The names begin with the time.
            return Directory.Exists(folder)
                ? [
                .. Directory.GetFiles(folder, "*" + Suffix).OrderDescending(StringComparer.Ordinal).Select(ReadFile).OfType<StormRecord>()]
                : [];
        }
        catch (Exception error) when (health is not null && error is IOException or UnauthorizedAccessException)
        {
            health.Failed(StoreException.FaultOf(error), error.Message, isWrite: false);
            return [];
        }
    }

    /// <summary>Returns the record of a storm; null if there is none.</summary>
    /// <param name="id">The storm's id.</param>
    public StormRecord? Find(string id) =>
        id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? ReadFile(Path.Combine(folder, id + Suffix)) : null;

    /// <summary>Deletes the records of storms that ended before a time.</summary>
    /// <param name="before">The time.</param>
    public void Forget(DateTimeOffset before)
    {
        foreach (var record in Read().Where(r => r.Ended < before))
        {
            File.Delete(Path.Combine(folder, record.Id + Suffix));
        }
    }

    // The folder cannot be created because a file has its name.
    private void SetFileAside()
    {
        if (health is not null && File.Exists(folder))
        {
            health.SetAside("it is a file, not a folder");
        }
    }

    private StormRecord? ReadFile(string path)
    {
        try
        {
            if (JsonSerializer.Deserialize(File.ReadAllText(path), StormJson.Default.StormRecord) is { } record && IsWhole(record))
            {
                return record;
            }

            health?.SetAside(path, "the record is incomplete");
        }
        catch (JsonException error)
        {
            health?.SetAside(path, error.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The file is gone by now, or we may not read it.
        }

        return null;
    }

    // In JSON any value may be null; the code that resumes a storm expects none.
    private static bool IsWhole(StormRecord record) =>
        record is
        {
            Id: not null, Kind: not null, Victim: not null, Actions: not null, Reasons: not null, Hosts: not null, Campaigns: not null,
            Minutes: not null
        }
        && record.Campaigns.All(c => c is { Shape: not null, Label: not null });
}

/// <summary>The JSON serializer of storms.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StormRecord))]
[JsonSerializable(typeof(IReadOnlyList<StormRecord>))]
internal sealed partial class StormJson : JsonSerializerContext;
