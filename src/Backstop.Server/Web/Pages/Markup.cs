using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Backstop.Mail;

namespace Backstop.Server.Web.Pages;

/// <summary>
/// Text that is added to HTML unchanged: our styles, and JSON, in which System.Text.Json escapes &lt; and &amp; so that
/// it cannot end an element.
/// </summary>
internal readonly record struct RawText(string Text);

/// <summary>
/// HTML under construction. Whatever is inserted is text and is escaped: it cannot be markup, or reverse the direction
/// of text around it. Only another <see cref="Markup"/> stays markup.
/// </summary>
internal sealed class Markup
{
    private readonly StringBuilder _text = new();

    /// <summary>Adds markup and escapes the inserted values.</summary>
    public Markup Add([InterpolatedStringHandlerArgument("")] ref Handler handler)
    {
        // The handler has written into this instance already.
        _ = handler;
        return this;
    }

    public Markup Add(Markup other)
    {
        _text.Append(other._text);
        return this;
    }

    /// <summary>Adds one piece for each item.</summary>
    public Markup Each<T>(IEnumerable<T> items, Action<Markup, T> add)
    {
        foreach (var item in items)
        {
            add(this, item);
        }

        return this;
    }

    public override string ToString() => _text.ToString();

    /// <summary>Writes literal parts unchanged and escapes inserted values.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Handler
    {
        private readonly Markup _markup;

        public Handler(int literalLength, int formattedCount, Markup markup)
        {
            _markup = markup;
            markup._text.EnsureCapacity(markup._text.Length + literalLength + (8 * formattedCount));
        }

        public void AppendLiteral(string text) => _markup._text.Append(text);

        public void AppendFormatted(Markup markup) => _markup.Add(markup);

        public void AppendFormatted(RawText raw) => _markup._text.Append(raw.Text);

        public void AppendFormatted<T>(T value) => AppendFormatted(value, format: null);

        public void AppendFormatted<T>(T value, string? format) =>
            _markup._text.Append(
                WebUtility.HtmlEncode(ShownText.Of(
                    (value is IFormattable number ? number.ToString(format, CultureInfo.InvariantCulture) : value?.ToString()) ?? "",
                    keepsLines: true)));
    }
}
