using System.Collections;
using System.Reflection;
using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>The table of keys that is written while the option classes are compiled, compared with what reflection finds in them.</summary>
public sealed class ConfigSchemaTests
{
    public static TheoryData<string> AllKeys() => [.. Keys(ConfigSchema.Root, typeof(BackstopOptions), "").Select(k => k.Path)];

    /// <summary>A property that can be set and is missing in the table would be a key that the file cannot set.</summary>
    [Fact]
    public void Every_property_that_can_be_set_is_a_key()
    {
        var seen = 0;
        Compare(ConfigSchema.Root, typeof(BackstopOptions));
        Assert.True(seen > 150, $"{seen} keys");

        void Compare(ConfigSection section, Type type)
        {
            var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is { IsPublic: true });
            Assert.Equal(properties.Select(p => ConfigValue.Key(p.Name)), section.Keys.Select(k => k.Name));
            seen += section.Keys.Count;
            foreach (var key in section.Keys.Where(k => k.Section is not null))
            {
                Compare(key.Section!, key.Type);
            }
        }
    }

    [Theory]
    [MemberData(nameof(AllKeys))]
    public void A_key_is_documented_and_its_default_is_accepted(string path)
    {
        var (_, key, section) = Keys(ConfigSchema.Root, typeof(BackstopOptions), "").Single(k => k.Path == path);
        Assert.True(key.Doc.Length > 10, key.Doc);
        Assert.Equal(key.Doc.Trim(), key.Doc);
        if (key.Bounds is var (min, max))
        {
            Assert.NotEqual(key.Show(min), key.Show(max));
            Assert.True(key.Accepts(key.Get(Activator.CreateInstance(section)!)!));
        }
    }

    /// <summary>What is read from one object and set in another is there: reading and setting mean the same property.</summary>
    [Theory]
    [MemberData(nameof(AllKeys))]
    public void What_is_set_is_what_is_read(string path)
    {
        var (_, key, section) = Keys(ConfigSchema.Root, typeof(BackstopOptions), "").Single(k => k.Path == path);
        var options = Activator.CreateInstance(section)!;
        var value = Other(key, key.Get(options)!);
        key.Set(options, value);
        Assert.Equal(value, key.Get(options));
        var untouched = Activator.CreateInstance(section);
        var changed = section.GetProperties().Where(p => p.CanWrite)
            .Count(p => ConfigValue.Format(p.GetValue(options)) != ConfigValue.Format(p.GetValue(untouched)));
        Assert.Equal(key.Section is null && !key.IsNamed ? 1 : 0, changed);
    }

    [Theory]
    [InlineData("max_recipients = 0", "smtp.max_recipients: must be between 1 and 10000")]
    [InlineData("max_message = \"999\"", "smtp.max_message: must be between \"64KiB\" and \"2147483647\"")]
    [InlineData("command_timeout = \"2d\"", "smtp.command_timeout: must be between \"1s\" and \"1h\"")]
    public void A_value_beyond_its_bounds_is_an_error_that_names_them(string line, string error)
    {
        var (_, errors) = ConfigFile.Parse($"domains = [\"a.test\"]\nmailboxes.\"a@a.test\" = {{}}\n[smtp]\n{line}\n", "b.toml");
        Assert.Contains(errors, e => e.Line == 4 && e.Message == error);
    }

    private static IEnumerable<(string Path, ConfigKey Key, Type In)> Keys(ConfigSection section, Type type, string path) =>
        section.Keys.SelectMany(k =>
            (k.Section is { } inner ? Keys(inner, k.Type, $"{path}{k.Name}.") : []).Prepend((path + k.Name, k, type)));

    private static object Other(ConfigKey key, object value) => value switch
    {
        IDictionary entries => Activator.CreateInstance(entries.GetType())!,
        _ when key.Section is not null => Activator.CreateInstance(key.Type)!,
        string text => text + "x",
        bool flag => !flag,
        int number => number + 1,
        TimeSpan span => span + TimeSpan.FromDays(1),
        ByteSize size => new ByteSize(size.Bytes + 1),
        UnixFileMode mode => mode ^ UnixFileMode.UserExecute,
        Enum word => Enum.GetValues(word.GetType()).Cast<object>().First(w => !w.Equals(word)),
        IEnumerable list => key.List!(list.Cast<object>().Append(Element(key.Type))),
        _ => throw new InvalidOperationException($"{key.Name}: no other value of type {key.Type}"),
    };

    private static object Element(Type type) =>
        ConfigValue.Convert(
            type == typeof(string) ? "x" : type == typeof(System.Net.IPEndPoint) ? "127.0.0.1:9" : "192.0.2.1", type, out var wanted)
        ?? ConfigValue.Convert("127.0.0.9", type, out wanted) ?? throw new InvalidOperationException(wanted);
}
