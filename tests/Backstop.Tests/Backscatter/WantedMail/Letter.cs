namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>A text that somebody wants to read: what it is about, in one language, with slots in braces.</summary>
/// <param name="Language">Such as <c>de</c>.</param>
/// <param name="Topic">What it is about; habits name the topics they write about.</param>
/// <param name="IsAnswer">Whether it answers a message, so that the mail names that message.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Body">The text.</param>
internal sealed record Letter(string Language, string Topic, bool IsAnswer, string Subject, string Body)
{
    /// <summary>
    /// Reads a file of letters: <c>= topic</c>, then the subject, then the text. A plus after the topic makes it an answer.
    /// </summary>
    public static IEnumerable<Letter> Read(string path) => Section.Read(path).Select(section =>
    {
        var topic = section.Name.Split(' ');
        var body = string.Join('\n', section.Lines.Skip(1)).Trim('\n') + "\n";
        return new Letter(Path.GetFileNameWithoutExtension(path), topic[0], topic is [_, "+"], section.Lines[0], body);
    });
}
