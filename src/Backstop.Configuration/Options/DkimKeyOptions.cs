using Backstop.Backscatter.Proofs;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>One of our DKIM keys: its signature in a returned header proves that the message is ours.</summary>
internal sealed class DkimKeyOptions
{
    /// <summary>
    /// The key: a PEM file (public or private) or the TXT record, such as OpenDKIM's <c>selector.txt</c>. Keep an old
    /// key while bounces of the mail it signed may still arrive. Default: none, and the key is not used.
    /// </summary>
    public string File { get; set; } = "";

    /// <summary>Checks the section.</summary>
    /// <param name="problems">Collects the errors, each with its key.</param>
    /// <param name="name">The key's name in DNS.</param>
    internal void Check(IConfigProblems problems, string name)
    {
        var path = $"dkim.{name}";
        if (File.Length == 0)
        {
            return;
        }

        if (!System.IO.File.Exists(File))
        {
            problems.Add(path, $"no such file: {File}");
            return;
        }

        try
        {
            using var handle = RegularFile.Open(File, followLinks: true);
            using var text = new StreamReader(new FileStream(handle, FileAccess.Read));
            DkimKey.Parse(name, text.ReadToEnd());
        }
        catch (FormatException error)
        {
            problems.Add(path, $"{File}: {error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problems.Add(path, $"cannot be read: {error.Message}");
        }
    }
}
