using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Backstop.Configuration.Options;
using Tomlyn.Syntax;

namespace Backstop.Configuration;

/// <summary>
/// Sets the properties of the option classes from a TOML syntax tree. Collects all errors; an unknown key is an error
/// (Tomlyn ignores it).
/// </summary>
internal sealed class ConfigBinder(string file) : IConfigProblems
{
    /// <summary>The key in which ~ stands for the home of the user whose mail it is.</summary>
    private const string HomeOfEachUser = "spam.user_prefs";

    private readonly Dictionary<string, (int Line, int Column)> _positions = new(StringComparer.Ordinal);

    public List<ConfigError> Errors { get; } = [];

    public List<ConfigError> Warnings { get; } = [];

    /// <summary>Binds the whole document.</summary>
    public void Bind(DocumentSyntax document, object options)
    {
        BindItems(document.KeyValues, options, "");
        foreach (var table in document.Tables)
        {
            if (table is TableArraySyntax)
            {
                Add(table, "an array of tables ([[...]]) is not allowed here; write [...] with single brackets");
                continue;
            }

            BindTable(table, options);
        }
    }

    /// <summary>Reports an error at a key that was read, or at the start of the file if the key is missing.</summary>
    public void Add(string key, string message) => Errors.Add(At(key, message));

    public void Warn(string key, string message) => Warnings.Add(At(key, message));

    public void Add(SyntaxNodeBase node, string message) =>
        Errors.Add(new(file, node.Span.Start.Line + 1, node.Span.Start.Column + 1, message));

    private ConfigError At(string key, string message)
    {
        var (line, column) = _positions.GetValueOrDefault(key, (1, 1));
        return new(file, line, column, $"{key}: {message}");
    }

    private void BindTable(TableSyntaxBase table, object options)
    {
        var target = options;
        var path = "";
        foreach (var (name, node) in Names(table.Name!))
        {
            if (target is IDictionary entries)
            {
                target = Entry(entries, name);
            }
            else if (Property(target, name) is { } property && IsSection(property.PropertyType))
            {
                target = property.GetValue(target)!;
            }
            else
            {
                Add(node, Unknown(target, name, "table", path));
                return;
            }

            path = Join(path, name);
            Remember(path, node);
        }

        BindItems(table.Items, target, path);
    }

    private void BindItems(IEnumerable<KeyValueSyntax> items, object target, string path)
    {
        foreach (var item in items)
        {
            BindItem(item, target, path);
        }
    }

    private void BindItem(KeyValueSyntax item, object target, string path)
    {
        var names = Names(item.Key!).ToList();
        for (var i = 0; i < names.Count - 1; i++)
        {
            var (name, node) = names[i];
            if (target is IDictionary entries)
            {
                target = Entry(entries, name);
            }
            else if (Property(target, name) is { } section && IsSection(section.PropertyType))
            {
                target = section.GetValue(target)!;
            }
            else
            {
                Add(node, Unknown(target, name, "key", path));
                return;
            }

            path = Join(path, name);
        }

        BindValue(names[^1].Name, names[^1].Node, item.Value!, target, path);
    }

    private void BindValue(string name, SyntaxNodeBase node, ValueSyntax value, object target, string path)
    {
        var full = Join(path, name);
        Remember(full, node);
        if (target is IDictionary entries)
        {
            BindInline(value, Entry(entries, name), full);
        }
        else if (Property(target, name) is not { } property)
        {
            Add(node, Unknown(target, name, "key", path));
        }
        else if (IsSection(property.PropertyType))
        {
            BindInline(value, property.GetValue(target)!, full);
        }
        else if (Value(value, property.PropertyType, full) is { } bound && InRange(property, bound, value, full))
        {
            property.SetValue(target, bound);
        }
    }

    private void BindInline(ValueSyntax value, object target, string path)
    {
        if (value is not InlineTableSyntax table)
        {
            Add(value, $"{path}: the value is not a table; write {{ ... }} or [{path}]");
            return;
        }

        BindItems(table.Items.Select(i => i.KeyValue!), target, path);
    }

    private object? Value(ValueSyntax value, Type type, string path)
    {
        if (!IsList(type, out var element))
        {
            return Scalar(value, type, path);
        }

        if (value is not ArraySyntax array)
        {
            // A single value for a list is common and unambiguous.
            return Scalar(value, element, path) is { } only ? List(element, [only]) : null;
        }

        var items = array.Items.Select(i => Scalar(i.Value!, element, path)).ToList();
        return items.Contains(null) ? null : List(element, items);
    }

    private object? Scalar(ValueSyntax value, Type type, string path)
    {
        object? scalar = value switch
        {
            StringValueSyntax text => text.Value,
            IntegerValueSyntax number => number.Value,
            BooleanValueSyntax flag => flag.Value,
            _ => null,
        };
        var wanted = "a value";
        var converted = scalar is null
            ? ConfigValue.Convert(new object(), type, out wanted)
            : ConfigValue.Convert(scalar, type, out wanted);
        if (converted is null)
        {
            var shown = scalar is string { Length: <= 60 } given && type != typeof(string) ? $"\"{given}\"" : "the value";
            Add(value, $"{path}: {shown} is not {wanted}");
        }
        else if (path != HomeOfEachUser
            && (converted is "~" || (converted is string home && home.StartsWith("~/", StringComparison.Ordinal))))
        {
            Add(value, $"{path}: only a shell replaces ~; write the whole path, such as \"/home/me/Maildir\"");
        }

        return converted;
    }

    private bool InRange(PropertyInfo property, object value, SyntaxNodeBase node, string path)
    {
        if (property.GetCustomAttribute<RangeAttribute>() is not { } range || range.IsValid(value is ByteSize size ? size.Bytes : value))
        {
            return true;
        }

        Add(node, $"{path}: must be between {Show(range.Minimum, property)} and {Show(range.Maximum, property)}");
        return false;
    }

    private static string Show(object limit, PropertyInfo property) =>
        property.PropertyType == typeof(ByteSize) ? ConfigValue.Format(
            new ByteSize(System.Convert.ToInt64(limit, System.Globalization.CultureInfo.InvariantCulture)))
        : ConfigValue.Format(limit);

    private static object Entry(IDictionary entries, string name)
    {
        if (!entries.Contains(name))
        {
            entries[name] = Activator.CreateInstance(entries.GetType().GetGenericArguments()[1]);
        }

        return entries[name]!;
    }

    private static PropertyInfo? Property(object target, string key) =>
        target.GetType().GetProperties().FirstOrDefault(p => p.CanWrite && ConfigValue.Key(p.Name) == key);

    /// <summary>Whether a property is a section of its own, or a section with named entries.</summary>
    /// <param name="type">The type of the property.</param>
    public static bool IsSection(Type type) =>
        typeof(IDictionary).IsAssignableFrom(type) || (type.IsClass && type.Namespace == typeof(BackstopOptions).Namespace);

    private static bool IsList(Type type, out Type element)
    {
        element = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : type;
        return element != type;
    }

    private static Array List(Type element, List<object?> items)
    {
        var array = Array.CreateInstance(element, items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            array.SetValue(items[i], i);
        }

        return array;
    }

    private static string Unknown(object target, string name, string what, string path)
    {
        var known = target.GetType().GetProperties().Where(p => p.CanWrite).Select(p => ConfigValue.Key(p.Name)).ToList();
        var near = known.OrderBy(k => Distance(k, name)).FirstOrDefault();
        var hint = near is not null && Distance(near, name) <= Math.Max(2, name.Length / 3)
            ? $"did you mean \"{near}\"?"
            : $"known here: {string.Join(", ", known)}";
        return $"{(path.Length == 0 ? "" : path + ": ")}unknown {what} \"{name}\"; {hint}";
    }

    // The Levenshtein distance.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (row[j], diagonal) = (Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)), row[j]);
            }
        }

        return row[^1];
    }

    private static IEnumerable<(string Name, SyntaxNodeBase Node)> Names(KeySyntax key) =>
        key.DotKeys.Select(d => (Text(d.Key!), (SyntaxNodeBase)d.Key!)).Prepend((Text(key.Key!), key));

    private static string Text(BareKeyOrStringValueSyntax name) => name switch
    {
        StringValueSyntax text => text.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => name.ToString() ?? "",
    };

    private void Remember(string path, SyntaxNodeBase node) =>
        _positions.TryAdd(path, (node.Span.Start.Line + 1, node.Span.Start.Column + 1));

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
