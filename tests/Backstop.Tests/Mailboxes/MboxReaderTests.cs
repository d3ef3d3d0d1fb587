using System.Text;
using Backstop.Mailboxes.Reading;
using CsCheck;

namespace Backstop.Tests.Mailboxes;

/// <summary>Where a message begins and ends, whatever the size of the pieces that are read.</summary>
public sealed class MboxReaderTests : IDisposable
{
    private static readonly Gen<string> _line = OneOf(
        "", "", "From a", ">From b", ">>From c", "x", "From", "\r", "Subject: s", "long " + new string('y', 60));

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    internal static Gen<T> OneOf<T>(params T[] all) => Gen.Int[0, all.Length - 1].Select(i => all[i]);

    [Fact]
    public void Messages_are_what_a_reader_of_lines_finds() =>
        Gen.Select(_line.List[0, 60], Gen.Int[16, 200], Gen.Bool).Sample(
            (lines, block, ends) =>
            {
                var text = "From first\n" + string.Join('\n', lines) + (ends ? "\n" : "");
                var found = Read(text, 1 << 20, block);
                Assert.Equal(Split(text), found.Select(m => Encoding.Latin1.GetString(m.Raw.Span)));
                Assert.Equal(text.Length, found.Sum(m => m.Length));
                Assert.All(found, m => Assert.Equal(text.Substring((int)m.Offset, (int)m.Length), Encoding.Latin1.GetString(m.Raw.Span)));
            },
            iter: 2000);

    [Fact]
    public void Large_message_is_cut_and_still_has_its_length() =>
        Gen.Select(Gen.Int[0, 3000], Gen.Int[16, 200], Gen.Int[20, 300]).Sample(
            (size, block, max) =>
            {
                var text = $"From a\n\n{new string('x', size)}\n\nFrom b\n\nlast\n";
                var found = Read(text, max, block);
                Assert.Equal(2, found.Count);
                Assert.Equal(text.IndexOf("From b", StringComparison.Ordinal), found[1].Offset);
                Assert.Equal(found[1].Offset, found[0].Length);
                Assert.StartsWith("From b\n\nlast", Encoding.Latin1.GetString(found[1].Raw.Span), StringComparison.Ordinal);
                Assert.InRange(found[0].Raw.Length, Math.Min(max, found[0].Length), found[0].Length);
            },
            iter: 500);

    [Fact]
    public void From_an_offset_on_the_messages_are_those_that_begin_there_or_behind_it() =>
        Gen.Select(_line.List[0, 60], Gen.Int[16, 200], Gen.Int[0, 400]).Sample(
            (lines, block, from) =>
            {
                var text = "From first\n" + string.Join('\n', lines) + "\n";
                from = Math.Min(from, text.Length);
                File.WriteAllText(_folder["from"], text, Encoding.Latin1);
                using var file = File.OpenHandle(_folder["from"]);
                var all = MboxReader.Read(file, 1 << 20, block).Select(m => (m.Offset, m.Length)).ToList();
                var rest = MboxReader.Read(file, 1 << 20, block, from).Select(m => (m.Offset, m.Length)).ToList();
                Assert.Equal(all.Where(m => m.Offset >= from), rest.Where(m => m.Offset >= from));
                Assert.True(rest.Count(m => m.Offset < from) <= (from > 0 && rest.Count > 0 && rest[0].Offset == from - 1 ? 1 : 0));
            },
            iter: 1000, threads: 1);

    [Theory]
    [InlineData("From a\nSubject: s\n\nbody\n\n", "Subject: s\n\nbody\n")]
    [InlineData("From a\n>From x\n\n>>From y\n>>x\n> From z\n", ">From x\n\n>From y\n>>x\n> From z\n", 1)]
    [InlineData("From a", "")]
    public void Content_is_without_separator_and_quoting(string raw, string content, int quotedFirst = 0)
    {
        var message = Assert.Single(Read(raw, 1 << 20, 64));
        Assert.Equal(quotedFirst == 1 ? content[1..] : content, Encoding.Latin1.GetString(message.Content().Span));
    }

    [Theory]
    [InlineData("From a@b Tue Apr  1 05:00:00 2008\n", "2008-04-01T05:00:00Z")]
    [InlineData("From a@b Tue Apr  1 05:00:00 +0200 2008\n", "2008-04-01T03:00:00Z")]
    [InlineData("From a@b Tue Apr  1 05:00 2008 -0130\r\n", "2008-04-01T06:30:00Z")]
    [InlineData("From - Thu Feb 29 23:59:59 CET 2024", "2024-02-29T23:59:59Z")]
    [InlineData("From a@b Thu Feb 30 23:59:59 2024\n", null)]
    [InlineData("From a@b\n", null)]
    public void Date_is_read_from_the_separator(string separator, string? date) =>
        Assert.Equal(
            date is null ? null : DateTimeOffset.Parse(date, System.Globalization.CultureInfo.InvariantCulture),
            MboxDate.Read(Encoding.ASCII.GetBytes(separator)));

    private List<MboxMessage> Read(string text, int max, int block)
    {
        var path = _folder[Guid.NewGuid().ToString("n")];
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text));
        using var file = File.OpenHandle(path);
        return [.. MboxReader.Read(file, max, block)];
    }

    // Line by line, as the format says.
    private static List<string> Split(string text)
    {
        var messages = new List<string>();
        var blank = true;
        for (var at = 0; at < text.Length;)
        {
            var lf = text.IndexOf('\n', at);
            var line = text[at..(lf < 0 ? text.Length : lf + 1)];
            if (blank && line.StartsWith("From ", StringComparison.Ordinal))
            {
                messages.Add("");
            }

            messages[^1] += line;
            blank = line is "\n" or "\r\n";
            at += line.Length;
        }

        return messages;
    }
}
