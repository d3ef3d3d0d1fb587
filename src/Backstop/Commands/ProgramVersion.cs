using System.Reflection;

namespace Backstop.Commands;

/// <summary>The name and version of this program, as reports and headers state it.</summary>
internal static class ProgramVersion
{
    public static string Text { get; } = "Backstop "
        + (
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "");
}
