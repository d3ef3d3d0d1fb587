using System.Collections;
using Backstop.Configuration.Options;
using Tomlyn.Syntax;

namespace Backstop.Configuration;

/// <summary>
/// Sets the properties of the option classes from a TOML syntax tree, by the table of keys. Collects all errors; an unknown key is an
/// error (Tomlyn ignores it).
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
        var root = new Place(options, ConfigSchema.Root, Named: null);
        BindItems(document.KeyValues, root, "");
        foreach (var table in document.Tables)
        {
            if (table is TableArraySyntax)
            {
                Add(table, "an array of tables ([[...]]) is not allowed here; write [...] with single brackets");
                continue;
            }

            BindTable(table, root);
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

    private void BindTable(TableSyntaxBase table, Place target)
    {
        var path = "";
        foreach (var (name, node) in Names(table.Name!))
        {
            if (target.Enter(name) is not { } inner)
            {
                Add(node, Unknown(target, name, "table", path));
                return;
            }

            target = inner;
            path = Join(path, name);
            Remember(path, node);
        }

        BindItems(table.Items, target, path);
    }

    private void BindItems(IEnumerable<KeyValueSyntax> items, Place target, string path)
    {
        foreach (var item in items)
        {
            BindItem(item, target, path);
        }
    }

    private void BindItem(KeyValueSyntax item, Place target, string path)
    {
        var names = Names(item.Key!).ToList();
        for (var i = 0; i < names.Count - 1; i++)
        {
            var (name, node) = names[i];
            if (target.Enter(name) is not { } inner)
            {
                Add(node, Unknown(target, name, "key", path));
                return;
            }

            target = inner;
            path = Join(path, name);
        }

        BindValue(names[^1].Name, names[^1].Node, item.Value!, target, path);
    }

    private void BindValue(string name, SyntaxNodeBase node, ValueSyntax value, Place target, string path)
    {
        var full = Join(path, name);
        Remember(full, node);
        if (target.Enter(name) is { } inner)
        {
            BindInline(value, inner, full);
        }
        else if (target.Named is { } lists)
        {
            if (Value(value, lists, full) is { } list)
            {
                ((IDictionary)target.Options)[name] = list;
            }
        }
        else if (target.Section!.Find(name) is not { } key)
        {
            Add(node, Unknown(target, name, "key", path));
        }
        else if (Value(value, key, full) is { } bound && InRange(key, bound, value, full))
        {
            key.Set(target.Options, bound);
        }
    }

    private void BindInline(ValueSyntax value, Place target, string path)
    {
        if (value is not InlineTableSyntax table)
        {
            Add(value, $"{path}: the value is not a table; write {{ ... }} or [{path}]");
            return;
        }

        BindItems(table.Items.Select(i => i.KeyValue!), target, path);
    }

    private object? Value(ValueSyntax value, ConfigKey key, string path)
    {
        if (key.List is not { } list)
        {
            return Scalar(value, key.Type, path);
        }

        // A single value for a list is common and unambiguous.
        var values = value is ArraySyntax array ? array.Items.Select(i => i.Value!) : [value];
        var items = values.Select(v => Scalar(v, key.Type, path)).ToList();
        return items.Contains(null) ? null : list(items.OfType<object>());
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

    private bool InRange(ConfigKey key, object value, SyntaxNodeBase node, string path)
    {
        if (key.Bounds is not var (min, max) || key.Accepts(value))
        {
            return true;
        }

        Add(node, $"{path}: must be between {key.Show(min)} and {key.Show(max)}");
        return false;
    }

    private static string Unknown(Place target, string name, string what, string path)
    {
        if (target.Section is not { } section)
        {
            return $"{path}: \"{name}\" is not a table here; write \"{name}\" = [...], with the whole name in quotes";
        }

        var known = section.Keys.Select(k => k.Name).ToList();
        var hint = NearestWord.To(name, known) is { } near
            ? $"did you mean \"{near}\"?"
            : $"known here: {string.Join(", ", known)}";
        return $"{(path.Length == 0 ? "" : path + ": ")}unknown {what} \"{name}\"; {hint}";
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

    /// <summary>What keys are set in: the options of a section, or the entries of a key that has named ones.</summary>
    /// <param name="Options">The object of the option class; of named entries, their dictionary.</param>
    /// <param name="Section">The keys of the section; null for named entries.</param>
    /// <param name="Named">The key that has named entries; null in a section.</param>
    private sealed record Place(object Options, ConfigSection? Section, ConfigKey? Named)
    {
        /// <summary>Returns the section or the entries of a name; null if there are none. A section is made where it is missing.</summary>
        public Place? Enter(string name)
        {
            if (Named is { } entries)
            {
                var all = (IDictionary)Options;
                return entries.NewEntry is { } make ? new(all[name] ??= make(), entries.Section, null) : null;
            }

            return Section!.Find(name) is not { } key ? null
                : key.IsNamed ? new(key.Get(Options)!, null, key)
                : key.Section is { } inner ? new(key.Get(Options)!, inner, null)
                : null;
        }
    }
}
