using Backstop.Backscatter.Proofs;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>A DKIM key of ours: its signature in a returned header proves that the message was ours.</summary>
internal sealed class DkimKeyOptions
{
    /// <summary>
    /// The key: a PEM file (public or private) or the TXT record, such as OpenDKIM's <c>selector.txt</c>. Keep old ones until their
    /// mail is forgotten. Default: none, this key is not used.
    /// </summary>
    public string File { get; set; } = "";

    /// <summary>Says what is wrong with the section.</summary>
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
