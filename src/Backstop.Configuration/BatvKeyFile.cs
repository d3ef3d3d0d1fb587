using System.Globalization;
using System.Security.Cryptography;
using Backstop.Backscatter.Proofs;
using Backstop.Posix;

namespace Backstop.Configuration;

/// <summary>
/// Reads and writes the file with the keys of envelope tags: one key a line, its number and its secret in hex; the
/// first key signs.
/// </summary>
internal static class BatvKeyFile
{
    private const int SecretLength = 32;

    /// <summary>Reads the keys; none if the file does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">A line is not a key, or there are too many keys.</exception>
    public static IReadOnlyList<BatvKey> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        var keys = new List<BatvKey>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            // The line itself is not shown: it holds a secret.
            keys.Add(
                ParseLine(line) ?? throw new InvalidDataException(
                    $"{path}:{number}:1: not a key; write a digit, a space and a secret of at least 32 hex digits"));
        }

        return keys.Count <= Batv.MaxKeys
            ? keys
            : throw new InvalidDataException(
                $"{path}:1:1: {keys.Count} keys; at most {Batv.MaxKeys} may be in use, because each makes guessing easier; "
                + "delete the last ones");
    }

    /// <summary>Adds a new key, which signs from now on; the previous one still verifies.</summary>
    /// <param name="path">The file; created if it does not exist.</param>
    public static BatvKey AddNew(string path)
    {
        var old = Read(path).Take(Batv.MaxKeys - 1).ToList();
        var secret = RandomNumberGenerator.GetBytes(SecretLength);
        var key = new BatvKey(old.Count == 0 ? 0 : (old[0].Number + 1) % 10, secret);
        Folders.Make(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var lines = old.Prepend(key)
            .Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Number} {Convert.ToHexStringLower(k.Secret.Span)}"));
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        using (var writer = new StreamWriter(file))
        {
            writer.WriteLine(
                "# Keys of envelope tags (BATV). The same file on every host that sends or receives for the domain. Keep it secret.");
            foreach (var line in lines)
            {
                writer.WriteLine(line);
            }

            writer.Flush();
            file.Flush(flushToDisk: true);
        }

        DataFolder.GiveToOwner(temporary);
        File.Move(temporary, path, overwrite: true);
        return key;
    }

    private static BatvKey? ParseLine(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2 || words[0].Length != 1 || !char.IsAsciiDigit(words[0][0]) || words[1].Length < 32)
        {
            return null;
        }

        try
        {
            return new(words[0][0] - '0', Convert.FromHexString(words[1]));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
