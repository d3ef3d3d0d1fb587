using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Backstop.Tests.House;

/// <summary>Members as C# writes them.</summary>
internal static class ApiSignature
{
    private static readonly NullabilityInfoContext _nulls = new();

    public static string Of(FieldInfo field)
    {
        var kind = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "") + Required(field);
        return $"{kind}{ApiType.Of(field.FieldType, _nulls.Create(field), field)} "
            + $"{field.Name}{(field.IsLiteral ? " = " + Constant(field.GetRawConstantValue(), field.FieldType) : "")}";
    }

    public static string Of(PropertyInfo property)
    {
        var first = property.GetAccessors(true).First(IsOffered);
        var index = property.GetIndexParameters();
        var name = index.Length > 0 ? $"this[{string.Join(", ", index.Select(p => Of(p, isExtension: false)))}]" : property.Name;
        var get = Accessor(property.GetMethod, "get");
        var isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        var type = ApiType.Of(property.PropertyType, _nulls.Create(property), property);
        var set = Accessor(property.SetMethod, isInit ? "init" : "set");
        return $"{Modifiers(first)}{Required(property)}{Ref(property.PropertyType)}{type} {name} {{ {get}{set}}}";
    }

    public static string Of(EventInfo happening) =>
        $"{Modifiers(happening.AddMethod!)}event {ApiType.Of(happening.EventHandlerType!, _nulls.Create(happening), happening)} "
            + $"{happening.Name}";

    public static string Of(ConstructorInfo made)
    {
        var type = made.DeclaringType!;
        var name = type.IsGenericType ? type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)] : type.Name;
        return $"{name}({Parameters(made, isExtension: false)}){(made.IsPublic ? "" : " protected")}";
    }

    public static string Of(MethodInfo method)
    {
        var isExtension = method.IsDefined(typeof(ExtensionAttribute));
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";
        var result = ApiType.Of(method.ReturnType, _nulls.Create(method.ReturnParameter), method.ReturnParameter);
        return $"{Modifiers(method)}{Ref(method.ReturnType)}{result} "
            + $"{method.Name}{generic}({Parameters(method, isExtension)}"
            + $"){Constraints(method.GetGenericArguments())}{(method.IsPublic ? "" : " protected")}";
    }

    /// <summary>What a delegate takes and gives.</summary>
    public static string OfDelegate(MethodInfo invoke) =>
        $"{Ref(invoke.ReturnType)}{ApiType.Of(invoke.ReturnType, _nulls.Create(invoke.ReturnParameter), invoke.ReturnParameter)} "
            + $"({Parameters(invoke, isExtension: false)})";

    /// <summary>What type parameters must be; empty for anything.</summary>
    public static string Constraints(Type[] parameters) => string.Concat(parameters.Where(p => p.IsGenericParameter).Select(p =>
    {
        var attributes = p.GenericParameterAttributes;
        var isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        List<string> wants = [];
        if (isStruct || attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            wants.Add(isStruct ? "struct" : "class");
        }

        wants.AddRange(p.GetGenericParameterConstraints().Where(c => c != typeof(ValueType)).Select(ApiType.NameOf));
        if (!isStruct && attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
        {
            wants.Add("new()");
        }

        if (attributes.HasFlag(GenericParameterAttributes.AllowByRefLike))
        {
            wants.Add("allows ref struct");
        }

        return wants.Count > 0 ? $" where {p.Name} : {string.Join(", ", wants)}" : "";
    }));

    private static string Modifiers(MethodInfo method) =>
        method.DeclaringType!.IsInterface ? (method.IsStatic ? "static " : method.IsAbstract ? "" : "virtual ")
        : method.IsStatic ? "static "
        : method.IsAbstract ? "abstract "
        : !method.IsVirtual || method.IsFinal ? ""
        : method.GetBaseDefinition() != method ? "override "
        : "virtual ";

    private static bool IsOffered(MethodInfo method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Accessor(MethodInfo? method, string word) =>
        method is null || !IsOffered(method) ? "" : $"{(method.IsPublic ? "" : "protected ")}{word}; ";

    private static string Required(MemberInfo member) => member.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";

    private static string Ref(Type type) => type.IsByRef ? "ref " : "";

    private static string Parameters(MethodBase method, bool isExtension) =>
        string.Join(", ", method.GetParameters().Select((p, i) => Of(p, isExtension && i == 0)));

    private static string Of(ParameterInfo parameter, bool isExtension)
    {
        var way = isExtension ? "this "
            : parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params "
            : !parameter.ParameterType.IsByRef ? ""
            : parameter.IsOut ? "out "
            : parameter.IsIn ? "in "
            : "ref ";
        var type = ApiType.Of(parameter.ParameterType, _nulls.Create(parameter), parameter);
        var value = parameter.HasDefaultValue ? " = " + Constant(parameter.RawDefaultValue, parameter.ParameterType) : "";
        return $"{way}{type} {parameter.Name}{value}";
    }

    private static string Constant(object? value, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => plain.IsValueType && plain == type ? "default" : "null",
            string text => $"\"{text.Escape()}\"",
            bool truth => truth ? "true" : "false",
            _ when plain.IsEnum => $"{ApiType.NameOf(plain)}.{Enum.ToObject(plain, value)}",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString()!,
        };
    }

    private static string Escape(this string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
