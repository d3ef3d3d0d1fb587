using System.Reflection;

namespace Backstop.Tests.House;

/// <summary>
/// docs/api/NAME.txt holds what a library offers, a line a type or member, so that a change of it is seen in review. What is no library
/// offers nothing.
/// </summary>
public sealed class PublicApiTests
{
    // A project that is not named here is a part of the product: nothing of it is public.
    private static readonly string[] _libraries =
    [
        "Backstop.Backscatter", "Backstop.Clean", "Backstop.Deliver", "Backstop.Mail", "Backstop.MailAuth", "Backstop.Mailboxes",
        "Backstop.Protocols", "Backstop.Recipes", "Backstop.SpamRules", "Backstop.State",
    ];

    public static TheoryData<string> Libraries => [.. _libraries];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_offers_what_its_page_lists(string library)
    {
        var page = Path.Combine(HouseRulesTests.Root(), "docs", "api", library + ".txt");
        var offered = ApiLines.Of(Load(Path.Combine(AppContext.BaseDirectory, library + ".dll")).GetExportedTypes());
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(page, string.Join('\n', offered) + "\n");
        }

        var changes = Changes(File.Exists(page) ? File.ReadAllLines(page) : [], offered);
        Assert.True(
            changes.Count == 0,
            $"docs/api/{library}.txt differs; UPDATE_GOLDEN=1 rewrites it where that is meant:\n{string.Join('\n', changes)}");
    }

    [Fact]
    public void Parts_of_the_product_offer_nothing() => Listed.None(
        "public, but not of a library: make it internal",
        Project.All.Where(p =>
            !_libraries.Contains(p.Name, StringComparer.Ordinal)).SelectMany(p =>
                Load(p.Assembly).GetExportedTypes()).Select(t => t.FullName!));

    /// <summary>A library that is gone, or renamed, is not passed over.</summary>
    [Fact]
    public void Libraries_are_projects() => Assert.Empty(_libraries.Except(Project.All.Select(p => p.Name), StringComparer.Ordinal));

    [Fact]
    public void Changes_are_shown_alone() => Assert.Equal(["- b", "+ c", "+ d"], Changes(["a", "b", "e"], ["a", "c", "d", "e"]));

    /// <summary>Everything that a caller's code depends on is in the lines: else the tests above would pass over its change.</summary>
    [Fact]
    public void Lines_tell_all_that_a_caller_depends_on() => Assert.Equal(
        [
            "Backstop.Tests.House.OfferedBase<T>: abstract class where T : class, new()",
            "Backstop.Tests.House.OfferedBase<T>: OfferedBase(T first, string? second = null, int third = -1) protected",
            "Backstop.Tests.House.OfferedBase<T>: abstract IReadOnlyList<string?> Names { get; protected set; }",
            "Backstop.Tests.House.OfferedBase<T>: const string Word = \"a \\\"b\\\"\"",
            "Backstop.Tests.House.OfferedBase<T>: event EventHandler? Changed",
            "Backstop.Tests.House.OfferedBase<T>: static (int Count, string? Last) Take(ref int at, out string? last, in long from, "
                + "params string[] rest)",
            "Backstop.Tests.House.OfferedBase<T>: virtual TOther? Find<TOther>(ReadOnlySpan<byte> key) where TOther : struct, "
                + "IComparable<TOther>",
            "Backstop.Tests.House.OfferedCall: delegate string? (int count, CancellationToken ct)",
            "Backstop.Tests.House.OfferedExtensions: static class",
            "Backstop.Tests.House.OfferedExtensions: static bool Is(this string text, StringComparison how = StringComparison.Ordinal)",
            "Backstop.Tests.House.OfferedFlags: [Flags] enum : byte",
            "Backstop.Tests.House.OfferedFlags: None = 0",
            "Backstop.Tests.House.OfferedFlags: Some = 2",
            "Backstop.Tests.House.OfferedValue: readonly record struct",
            "Backstop.Tests.House.OfferedValue: OfferedValue(int? Number)",
            "Backstop.Tests.House.OfferedValue: int? Number { get; init; }",
            "Backstop.Tests.House.OfferedValue: string this[int at, string name] { get; }",
        ],
        ApiLines.Of([typeof(OfferedValue), typeof(OfferedExtensions), typeof(OfferedCall), typeof(OfferedBase<>), typeof(OfferedFlags)]));

    private static Assembly Load(string file) => Assembly.Load(AssemblyName.GetAssemblyName(file));

    // Both are in order of type, and each line begins with its type: what is only in one of them is the change.
    private static List<string> Changes(IReadOnlyList<string> listed, IReadOnlyList<string> offered) =>
        [.. listed.Except(
            offered, StringComparer.Ordinal).Select(l => "- " + l), .. offered.Except(
                listed, StringComparer.Ordinal).Select(l => "+ " + l)];
}
