using Backstop.Tests.House;

namespace Backstop.Tests.Growth;

/// <summary>Reads from an assembly which methods make regular expressions, or are generated ones.</summary>
internal static class RegexSites
{
    /// <summary>
    /// The methods, as <c>Type.Method</c>: those that construct a Regex, call a static method of it, or bear
    /// GeneratedRegexAttribute.
    /// </summary>
    public static IReadOnlyList<string> In(string path)
    {
        using var code = new AssemblyCode(path);
        return [.. code.Methods().Where(m => m.Attributes.Contains("GeneratedRegexAttribute") || m.Uses.Any(IsRegex))
            .Select(m => $"{m.Owner}.{m.Name}").Distinct().Order(StringComparer.Ordinal)];
    }

    private static bool IsRegex(MethodUse use) => use.Type.Name == "Regex" && use.Name switch
    {
        ".ctor" => true,
        "Escape" or "Unescape" => false,
        _ => !use.IsInstance,
    };
}
