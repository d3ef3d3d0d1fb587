using System.Globalization;
using System.Text;

namespace Backstop.Recipes.Running;

/// <summary>Writes what happened in procmail's words, which people's scripts (mailstat) read.</summary>
internal sealed class RecipeLog(IRecipeHost host, RecipeOptions options)
{
    // procmail: a folder's name is cut at 60 chars, a subject at 78; the size stands behind column 72.
    private const int MaxFolder = 60;
    private const int MaxSubject = 79;
    private const int SizeColumn = 72;

    private readonly HashSet<string> _deviations = new(StringComparer.Ordinal);

    public bool IsVerbose { get; set; }

    public void Say(string text) => host.Log($"{options.LogName}: {text}\n");

    /// <summary>Logs text that means nothing where it stands.</summary>
    public void SaySkipped(string text) => Say(text == "}" ? "Closing brace unexpected" : $"Skipped \"{text}\"");

    /// <summary>Logs that a program ended with an exit code other than 0; a failure that the recipe ignores, only under VERBOSE.</summary>
    public void Failure(int? status, string program, bool isQuiet)
    {
        if (!isQuiet)
        {
            Say($"Program failure ({status}) of \"{program}\"");
        }
        else
        {
            Trace($"Non-zero exitcode ({status}) from \"{program}\"");
        }
    }

    public void Trace(string text)
    {
        if (IsVerbose)
        {
            Say(text);
        }
    }

    public void Write(string text) => host.Log(text);

    /// <summary>Logs, once a message, that something safer was done than procmail would do.</summary>
    public void Deviate(string id, string what)
    {
        if (_deviations.Add(id) && options.TellsDeviation?.Invoke(id) != false)
        {
            Say($"{id}: {what} (lint tells more; --strict-procmail switches it off)");
        }
    }

    /// <summary>Logs the three lines about a delivery.</summary>
    /// <param name="message">The message that was delivered.</param>
    /// <param name="folder">Where it went.</param>
    /// <param name="size">The octets written.</param>
    /// <param name="isJoined">Whether a folded subject is shown as one line.</param>
    public void Abstract(RecipeMessage message, string folder, long size, bool isJoined = false) =>
        host.Log(TextOf(message, folder, size, isJoined ? message.JoinedLine("subject:") : message.FirstLine("subject:")));

    /// <summary>Returns the three lines about a delivery.</summary>
    public static string TextOf(RecipeMessage message, string folder, long size, string? subject)
    {
        var text = new StringBuilder();
        if (message.FromLineLength > 0)
        {
            text.Append(Octets.ToText(message.Octets.Span[..message.FromLineLength]).TrimEnd('\n')).Append('\n');
        }

        if (subject is not null)
        {
            var line = Blanked(" " + subject);
            text.Append(line.AsSpan(0, Math.Min(line.Length, MaxSubject))).Append('\n');
        }

        var name = Blanked($"  Folder: {folder.AsSpan(0, Math.Min(folder.Length, MaxFolder))}");
        text.Append(name).Append('\t', Math.Max(1, (SizeColumn - (name.Length / 8 * 8)) / 8))
            .Append(CultureInfo.InvariantCulture, $"{size,7}\n");
        return text.ToString();
    }

    // procmail: what would move the cursor is a blank.
    private static string Blanked(string text) =>
        string.Create(text.Length, text, static (line, from) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                line[i] = from[i] is >= '\t' and <= '\r' ? ' ' : from[i];
            }
        });
}
