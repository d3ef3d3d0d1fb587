using System.Runtime.CompilerServices;

namespace Backstop.Interop;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));

    private static string Here([CallerFilePath] string here = "") => here;
}
