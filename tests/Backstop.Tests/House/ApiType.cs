using System.Reflection;
using System.Runtime.CompilerServices;

namespace Backstop.Tests.House;

/// <summary>A type as C# writes it, with what may be null and the names of a tuple's parts.</summary>
internal static class ApiType
{
    private static readonly Dictionary<Type, string> _words = new()
    {
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(char)] = "char",
        [typeof(decimal)] = "decimal",
        [typeof(double)] = "double",
        [typeof(float)] = "float",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(void)] = "void",
    };

    /// <summary>Its name, with those it is nested in; what may be null is not told.</summary>
    public static string NameOf(Type type) => Write(type, null, new());

    /// <summary>The type of a parameter, field or property.</summary>
    /// <param name="type">The type.</param>
    /// <param name="nullability">What may be null in it.</param>
    /// <param name="of">What has the type: it knows the names of tuples' parts.</param>
    public static string Of(Type type, NullabilityInfo nullability, ICustomAttributeProvider of)
    {
        var names = of.GetCustomAttributes(typeof(TupleElementNamesAttribute), inherit: false).OfType<TupleElementNamesAttribute>()
            .FirstOrDefault();
        return Write(
            type.IsByRef ? type.GetElementType()! : type, type.IsByRef ? nullability.ElementType ?? nullability : nullability,
            new(names?.TransformNames ?? []));
    }

    private static string Write(Type type, NullabilityInfo? info, Queue<string?> names)
    {
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Write(value, info, names) + "?";
        }

        // Where T may be null its caller says by what he puts for it; a T that is a class says it here.
        var mark = !type.IsValueType
            && (!type.IsGenericParameter || type.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            && info?.ReadState == NullabilityState.Nullable
            ? "?"
            : "";
        if (type.IsArray)
        {
            return $"{Write(type.GetElementType()!, info?.ElementType, names)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (type.IsPointer)
        {
            return Write(type.GetElementType()!, null, names) + "*";
        }

        if (_words.TryGetValue(type, out var word))
        {
            return word + mark;
        }

        return (type is { IsGenericType: true, IsGenericTypeDefinition: false } && type.IsAssignableTo(typeof(ITuple)) && type.IsValueType
            ? Tuple(type, info, names)
            : Outer(type) + Plain(type, info, names)) + mark;
    }

    private static string Tuple(Type type, NullabilityInfo? info, Queue<string?> names)
    {
        var parts = type.GetGenericArguments();
        var named = parts.Select(_ => names.TryDequeue(out var name) ? name : null).ToArray();
        var written = parts.Select((p, i) => Write(p, Argument(info, i), names) + (named[i] is { } name ? " " + name : ""));
        return $"({string.Join(", ", written)})";
    }

    private static string Outer(Type type) =>
        type is { IsNested: true, IsGenericParameter: false } ? NameOf(type.DeclaringType!) + "." : "";

    private static string Plain(Type type, NullabilityInfo? info, Queue<string?> names)
    {
        var tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? type.Name
            : $"{type.Name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select((a, i) => Write(a, Argument(info, i), names)))}>";
    }

    private static NullabilityInfo? Argument(NullabilityInfo? info, int at) =>
        info?.GenericTypeArguments is { } all && at < all.Length ? all[at] : null;
}
