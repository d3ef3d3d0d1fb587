using System.Globalization;
using System.Net;
using Backstop.Configuration.Options;
using Backstop.MailAuth.Dnsbl;

namespace Backstop.Configuration;

/// <summary>Converts scalars of the file into the types of options.</summary>
internal static class ConfigValue
{
    /// <summary>Converts a scalar; if the result is null, <paramref name="wanted"/> says what the option accepts.</summary>
    public static object? Convert(object scalar, Type type, out string wanted)
    {
        wanted = scalar is long && type == typeof(int)
            ? string.Create(CultureInfo.InvariantCulture, $"a whole number up to {int.MaxValue}")
            : Wanted(type);
        return (scalar, type) switch
        {
            (string text, _) when type == typeof(string) => text,
            (bool flag, _) when type == typeof(bool) => flag,
            (long number, _) when type == typeof(int) && number is >= int.MinValue and <= int.MaxValue => (int)number,
            (long number, _) when type == typeof(ByteSize) && number >= 0 => new ByteSize(number),
            (string text, _) when type == typeof(ByteSize) => ByteSize.TryParse(text, out var size) ? size : null,
            (string text, _) when type == typeof(TimeSpan) => Duration(text),
            (string text, _) when type == typeof(IPEndPoint) => EndPoint(text),
            (string text, _) when type == typeof(IPNetwork) => Networks.Parse(text),
            (string text, _) when type == typeof(UnixFileMode) => Mode(text),
            (string text, _) when type == typeof(DnsblCodes) => DnsblCodes.TryParse(text, out var codes) ? codes : null,
            (string text, _) when type.IsEnum => EnumValue(text, type),
            _ => null,
        };
    }

    /// <summary>Formats a value as it is written in the file.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        TimeSpan span => $"\"{FormatDuration(span)}\"",
        ByteSize size => $"\"{size}\"",
        IPNetwork network => $"\"{network}\"",
        UnixFileMode mode => $"\"0{System.Convert.ToString((int)mode, 8)}\"",
        Enum word => $"\"{Word(word.ToString())}\"",
        System.Collections.IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(Format))}]",
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => $"\"{value}\"",
    };

    /// <summary>Converts a C# name into a key of the file: <c>MaxMessage</c> into <c>max_message</c>.</summary>
    public static string Key(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));

    private static string Word(string name) => Key(name).Replace('_', '-');

    /// <summary>Returns what a key of a type accepts, such as <c>a duration such as "30s"</c>.</summary>
    /// <param name="type">The type of the value, or of a list's elements.</param>
    public static string Wanted(Type type) =>
        type == typeof(string) ? "a string"
        : type == typeof(bool) ? "true or false"
        : type == typeof(int) ? "a whole number"
        : type == typeof(ByteSize) ? "a size such as \"25MiB\""
        : type == typeof(TimeSpan) ? "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""
        : type == typeof(IPEndPoint) ? "an address with port, such as \"0.0.0.0:25\" or \"[::1]:24\""
        : type == typeof(IPNetwork) ? "an address or network, such as \"192.0.2.0/24\""
        : type == typeof(UnixFileMode) ? "a mode in octal, such as \"0660\""
        : type == typeof(DnsblCodes) ? "an answer of a list or a range of them, such as \"127.0.0.2\" or \"127.0.0.2-127.0.0.11\""
        : "one of " + string.Join(", ", Enum.GetNames(type).Select(n => $"\"{Word(n)}\""));

    private static object? Duration(string text)
    {
        var unit = text.AsSpan().TrimStart("0123456789");
        TimeSpan? one = unit switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => null,
        };
        return one is { } span
            && int.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= TimeSpan.MaxValue.Ticks / span.Ticks
            ? span * count
            : null;
    }

    private static string FormatDuration(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span switch
    {
        { Ticks: 0 } => "0s",
        _ when span.Ticks % TimeSpan.TicksPerDay == 0 => $"{span.TotalDays}d",
        _ when span.Ticks % TimeSpan.TicksPerHour == 0 => $"{span.TotalHours}h",
        _ when span.Ticks % TimeSpan.TicksPerMinute == 0 => $"{span.TotalMinutes}m",
        _ when span.Ticks % TimeSpan.TicksPerSecond == 0 => $"{span.TotalSeconds}s",
        _ => $"{span.TotalMilliseconds}ms",
    }}");

    private static IPEndPoint? EndPoint(string text)
    {
        text = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text["localhost".Length..] : text;
        var hasPort = text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(c => c == ':') == 1;
        return hasPort && IPEndPoint.TryParse(text, out var endPoint) ? endPoint : null;
    }

    private static UnixFileMode? Mode(string text) =>
        text.Length is 3 or 4 && text.TrimStart('0').Length <= 3 && !text.AsSpan().ContainsAnyExceptInRange('0', '7')
            ? (UnixFileMode)System.Convert.ToInt32(text, 8)
            : null;

    private static object? EnumValue(string text, Type type)
    {
        var name = Enum.GetNames(type).FirstOrDefault(n => Word(n) == text);
        return name is null ? null : Enum.Parse(type, name);
    }
}
