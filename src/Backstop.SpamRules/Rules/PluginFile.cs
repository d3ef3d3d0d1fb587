using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Rules;

/// <summary>A data file that a rule file names for a plugin.</summary>
internal static class PluginFile
{
    private const int MaxBytes = 64 << 20;

    /// <summary>Its lines as octets, ended by LF only; null where it cannot be read.</summary>
    /// <param name="path">The path of a regular file of at most 64 MiB.</param>
    /// <param name="fault">Why it cannot be read; null if it was.</param>
    public static string[]? ReadLines(string path, out string? fault)
    {
        fault = null;
        try
        {
            if (!File.Exists(path))
            {
                fault = $"{path}: no such file";
            }
            else if (new FileInfo(path).Length > MaxBytes)
            {
                fault = $"{path}: larger than 64 MiB";
            }
            else
            {
                return Octets.FromBytes(File.ReadAllBytes(path)).Split('\n');
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            fault = error.Message;
        }

        return null;
    }
}
