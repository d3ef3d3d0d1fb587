using System.Globalization;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging.Protections;

namespace Backstop.Doctor;

/// <summary>Protections that are off, each with the configuration key that turns it on.</summary>
internal static class ProtectionChecks
{
    private static readonly TimeSpan _old = TimeSpan.FromDays(400);

    /// <summary>Looks at the configuration and the keys.</summary>
    public static IEnumerable<Finding> Look(BackstopOptions options, string config, IReadOnlyList<BatvKey> keys, DateTimeOffset now)
    {
        if (keys.Count > 0)
        {
            yield return KeyAge(DataPaths.BatvKeys(options), keys.Count, now);
        }

        foreach (var off in ProtectionSettings.Off(options, keys.Count > 0))
        {
            var todo = off.Do == ProtectionSettings.NewKey ? $"{off.Do} --config {config}" : off.Do;
            yield return new(FindingState.Off, off.Check, off.Why, todo);
        }
    }

    private static Finding KeyAge(string path, int count, DateTimeOffset now)
    {
        var age = now - new DateTimeOffset(File.GetLastWriteTimeUtc(path));
        var what = string.Create(CultureInfo.InvariantCulture, $"{count} in {path}, the newest {(int)age.TotalDays} days old");
        return age > _old
            ? new(FindingState.Warn, "keys", what, "make a new one once a year: backstop batv new-key; the previous key stays valid")
            : new(FindingState.Ok, "keys", what);
    }
}
