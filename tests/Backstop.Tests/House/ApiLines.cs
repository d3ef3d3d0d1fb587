using System.Reflection;
using System.Runtime.CompilerServices;

namespace Backstop.Tests.House;

/// <summary>
/// What types offer to the code of others: a line each, and one for each member, with everything that such code depends on.
/// </summary>
internal static class ApiLines
{
    private const BindingFlags Own =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    /// <summary>The lines, by type; first what it is, then its members in order of their text.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<Type> types) =>
        [.. types.OrderBy(t => t.FullName, StringComparer.Ordinal).SelectMany(t =>
            Lines(t).Select(l => $"{t.Namespace}.{ApiType.NameOf(t)}: {l}"))];

    private static IEnumerable<string> Lines(Type type)
    {
        if (type.BaseType == typeof(MulticastDelegate))
        {
            return ["delegate " + ApiSignature.OfDelegate(type.GetMethod("Invoke")!)];
        }

        return type.IsEnum
            ? [
            Declaration(type),
            .. Enum.GetNames(type).Select(n => $"{n} = {Enum.Format(type, Enum.Parse(type, n), "d")}").Order(StringComparer.Ordinal)]
            : [Declaration(type), .. Members(type).Order(StringComparer.Ordinal)];
    }

    private static string Declaration(Type type)
    {
        if (type.IsEnum)
        {
            var kept = type.GetEnumUnderlyingType();
            return (type.IsDefined(typeof(FlagsAttribute)) ? "[Flags] " : "") + "enum"
                + (kept == typeof(int) ? "" : " : " + ApiType.NameOf(kept));
        }

        var isRecord = IsRecord(type);
        var kind = type.IsInterface ? "interface"
            : type.IsValueType
            ? $"{(type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}"
            + (isRecord ? "record struct" : "struct")
            : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "")
            + (isRecord ? "record" : "class");
        var parents = Parents(type).ToList();
        return kind + (parents.Count > 0 ? " : " + string.Join(", ", parents) : "") + ApiSignature.Constraints(type.GetGenericArguments());
    }

    private static IEnumerable<string> Parents(Type type)
    {
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            yield return ApiType.NameOf(parent);
        }

        var inherited = (type.BaseType?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(i => i.GetInterfaces())).ToHashSet();
        var isRecord = IsRecord(type);
        foreach (
            var face in type.GetInterfaces().Where(i =>
                !inherited.Contains(i) && i.IsVisible).Select(ApiType.NameOf).Order(StringComparer.Ordinal))
        {
            // A record can be compared with its like, by the language.
            if (!isRecord || face != $"IEquatable<{ApiType.NameOf(type)}>")
            {
                yield return face;
            }
        }
    }

    private static IEnumerable<string> Members(Type type) =>
        type.GetFields(Own).Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly).Where(f => !f.IsSpecialName)
            .Select(ApiSignature.Of)
            .Concat(type.GetProperties(Own).Where(p => p.GetAccessors(true).Any(IsOffered) && !IsMade(p)).Select(ApiSignature.Of))
            .Concat(type.GetEvents(Own).Where(e => IsOffered(e.AddMethod!)).Select(ApiSignature.Of))
            .Concat(type.GetConstructors(Own).Where(c => IsOffered(c) && !c.IsStatic && !IsCopy(c)).Select(ApiSignature.Of))
            .Concat(
            type.GetMethods(Own).Where(m =>
                IsOffered(m) && !IsAccessor(m) && !IsMade(m) && !IsOfObject(m) && !IsOfRecord(m)).Select(ApiSignature.Of));

    private static bool IsOffered(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    // What the compiler writes for records follows from their declaration.
    private static bool IsMade(MemberInfo member) =>
        member.Name is "EqualityContract"
            || (member is MethodInfo && (member.IsDefined(typeof(CompilerGeneratedAttribute)) || member.Name.StartsWith('<')));

    private static bool IsCopy(ConstructorInfo made) =>
        made.IsDefined(typeof(CompilerGeneratedAttribute)) && made.GetParameters().Length == 1;

    private static bool IsOfObject(MethodInfo method) =>
        method.GetBaseDefinition().DeclaringType is var from && (from == typeof(object) || from == typeof(ValueType));

    // Two of a record can be compared, whoever has written how.
    private static bool IsOfRecord(MethodInfo method) =>
        method.Name == nameof(Equals) && IsRecord(method.DeclaringType!) && method.GetParameters() is [var other]
            && other.ParameterType == method.DeclaringType;

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", Own) is not null;
}
