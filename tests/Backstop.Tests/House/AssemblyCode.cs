using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Backstop.Tests.House;

/// <summary>A method of an assembly.</summary>
/// <param name="Type">Whose it is.</param>
/// <param name="Owner">The type that declares it, which the compiler may have made.</param>
/// <param name="Name">Its name.</param>
/// <param name="Import">The name of what it calls in a native library; null where it calls none.</param>
/// <param name="Attributes">The names of its attributes.</param>
/// <param name="Uses">The methods that its body names: called, or made a delegate of.</param>
internal sealed record MethodCode(
    TypeName Type, string Owner, string Name, string? Import, IReadOnlyList<string> Attributes, IReadOnlyList<MethodUse> Uses);

/// <summary>A method that another one names.</summary>
internal sealed record MethodUse(TypeName Type, string Name, bool IsInstance);

/// <summary>An assembly as the compiler left it. What it has put in place (constants, <c>nameof</c>) is not seen.</summary>
internal sealed class AssemblyCode : IDisposable
{
    private static readonly Dictionary<ushort, OpCode> _codes =
        typeof(OpCodes).GetFields().Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => (ushort)c.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    public AssemblyCode(string path)
    {
        _file = new(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
    }

    public void Dispose() => _file.Dispose();

    /// <summary>All methods, those of lambdas, local functions and state machines too.</summary>
    public IEnumerable<MethodCode> Methods()
    {
        foreach (var handle in _reader.MethodDefinitions)
        {
            var method = _reader.GetMethodDefinition(handle);
            var import = method.GetImport();
            yield return new(
                TypeName.Of(_reader, method.GetDeclaringType()),
                _reader.GetString(_reader.GetTypeDefinition(method.GetDeclaringType()).Name),
                _reader.GetString(method.Name),
                import.Module.IsNil ? null : _reader.GetString(import.Name),
                [.. Attributes(method.GetCustomAttributes()).Select(t => t.Name)],
                [.. Operands(method).Select(Use).OfType<MethodUse>()]);
        }
    }

    /// <summary>All constructors that are written by hand, each with the number of its parameters.</summary>
    public IEnumerable<(TypeName Type, int Parameters)> Constructors() =>
        from method in _reader.MethodDefinitions.Select(_reader.GetMethodDefinition)
        where _reader.GetString(method.Name) == ".ctor"
        let type = _reader.GetTypeDefinition(method.GetDeclaringType())
        where _reader.GetString(type.Name)[0] is not ('<' or '_')
        select (TypeName.Of(_reader, method.GetDeclaringType()),
            method.DecodeSignature(NamedTypes.Instance, null).ParameterTypes.Length);

    /// <summary>The attributes of the assembly itself.</summary>
    public IEnumerable<TypeName> Attributes() => Attributes(_reader.GetAssemblyDefinition().GetCustomAttributes());

    /// <summary>Every type, every member that is not private as <c>Type.Member</c>, and the members by themselves.</summary>
    public IEnumerable<string> Names()
    {
        foreach (var type in _reader.TypeDefinitions.Select(_reader.GetTypeDefinition))
        {
            var name = _reader.GetString(type.Name).Split('`')[0];
            yield return name;
            var methods = type.GetMethods().Select(_reader.GetMethodDefinition)
                .Where(m => (m.Attributes & MethodAttributes.MemberAccessMask) > MethodAttributes.Private).Select(m => m.Name);
            var fields = type.GetFields().Select(_reader.GetFieldDefinition)
                .Where(f => (f.Attributes & FieldAttributes.FieldAccessMask) > FieldAttributes.Private).Select(f => f.Name);
            foreach (var handle in methods.Concat(fields))
            {
                var member = _reader.GetString(handle).Replace("get_", "", StringComparison.Ordinal);
                yield return member;
                yield return $"{name}.{member}";
            }
        }
    }

    /// <summary>Which type names which: as base, field, parameter, local, attribute or in a body.</summary>
    public IEnumerable<(TypeName From, TypeName To)> TypeUses() => _reader.TypeDefinitions
        .SelectMany(h => Named(_reader.GetTypeDefinition(h)).Select(to => (From: TypeName.Of(_reader, h), To: to)))
        .Where(u => u.From != u.To).Distinct();

    private IEnumerable<TypeName> Named(TypeDefinition type) =>
    [
        .. Types(type.BaseType),
        .. type.GetInterfaceImplementations().SelectMany(i => Types(_reader.GetInterfaceImplementation(i).Interface)),
        .. type.GetGenericParameters().SelectMany(Constraints),
        .. Attributes(type.GetCustomAttributes()),
        .. type.GetFields().Select(_reader.GetFieldDefinition)
            .SelectMany(f => f.DecodeSignature(NamedTypes.Instance, null).Concat(Attributes(f.GetCustomAttributes()))),
        .. type.GetMethods().Select(_reader.GetMethodDefinition).SelectMany(Named),
    ];

    private IEnumerable<TypeName> Named(MethodDefinition method) =>
    [
        .. NamedTypes.In(method.DecodeSignature(NamedTypes.Instance, null)),
        .. method.GetGenericParameters().SelectMany(Constraints),
        .. Attributes(method.GetCustomAttributes()),
        .. method.RelativeVirtualAddress == 0 ? [] : Named(_file.GetMethodBody(method.RelativeVirtualAddress)),
    ];

    private IEnumerable<TypeName> Named(MethodBodyBlock body) =>
    [
        .. Operands(body).SelectMany(o => TypesOf(o)),
        .. body.ExceptionRegions.SelectMany(r => Types(r.CatchType)),
        .. body.LocalSignature.IsNil
            ? []
            : _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(NamedTypes.Instance, null).SelectMany(l => l),
    ];

    private ImmutableArray<TypeName> TypesOf(EntityHandle operand)
    {
        switch (operand.Kind)
        {
            case HandleKind.MethodSpecification:
                var generic = _reader.GetMethodSpecification((MethodSpecificationHandle)operand);
                return [.. TypesOf(generic.Method), .. generic.DecodeSignature(NamedTypes.Instance, null).SelectMany(t => t)];
            case HandleKind.MethodDefinition:
                var method = _reader.GetMethodDefinition((MethodDefinitionHandle)operand);
                return [.. Types(method.GetDeclaringType()), .. NamedTypes.In(method.DecodeSignature(NamedTypes.Instance, null))];
            case HandleKind.FieldDefinition:
                var field = _reader.GetFieldDefinition((FieldDefinitionHandle)operand);
                return [.. Types(field.GetDeclaringType()), .. field.DecodeSignature(NamedTypes.Instance, null)];
            case HandleKind.MemberReference:
                var member = _reader.GetMemberReference((MemberReferenceHandle)operand);
                return member.GetKind() == MemberReferenceKind.Method
                    ? [.. Types(member.Parent), .. NamedTypes.In(member.DecodeMethodSignature(NamedTypes.Instance, null))]
                    : [.. Types(member.Parent), .. member.DecodeFieldSignature(NamedTypes.Instance, null)];
            default:
                return Types(operand);
        }
    }

    private IEnumerable<TypeName> Constraints(GenericParameterHandle parameter) =>
        _reader.GetGenericParameter(parameter).GetConstraints().SelectMany(c => Types(_reader.GetGenericParameterConstraint(c).Type));

    private List<EntityHandle> Operands(MethodDefinition method) =>
        method.RelativeVirtualAddress == 0 ? [] : Operands(_file.GetMethodBody(method.RelativeVirtualAddress));

    private static List<EntityHandle> Operands(MethodBodyBlock body)
    {
        var handles = new List<EntityHandle>();
        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            var first = code.ReadByte();
            var operation = _codes[first == 0xFE ? (ushort)(0xFE00 | code.ReadByte()) : first];
            switch (operation.OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    handles.Add((EntityHandle)MetadataTokens.Handle(code.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                default:
                    code.Offset += Size(operation.OperandType);
                    break;
            }
        }

        return handles;
    }

    private static int Size(OperandType type) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    // Null for what is no method: a field, a type, a method of an array.
    private MethodUse? Use(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodSpecification:
                return Use(_reader.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            case HandleKind.MethodDefinition:
                var method = _reader.GetMethodDefinition((MethodDefinitionHandle)handle);
                return new(TypeName.Of(_reader, method.GetDeclaringType()), _reader.GetString(method.Name), IsInstance(method.Signature));
            case HandleKind.MemberReference:
                var member = _reader.GetMemberReference((MemberReferenceHandle)handle);
                return member.GetKind() == MemberReferenceKind.Method && Types(member.Parent) is [var type, ..]
                    ? new(type, _reader.GetString(member.Name), IsInstance(member.Signature))
                    : null;
            default:
                return null;
        }
    }

    private bool IsInstance(BlobHandle signature) => _reader.GetBlobReader(signature).ReadSignatureHeader().IsInstance;

    private ImmutableArray<TypeName> Types(EntityHandle handle) => handle.Kind switch
    {
        _ when handle.IsNil => [],
        HandleKind.TypeDefinition => [TypeName.Of(_reader, (TypeDefinitionHandle)handle)],
        HandleKind.TypeReference => [TypeName.Of(_reader, (TypeReferenceHandle)handle)],
        HandleKind.TypeSpecification => NamedTypes.Instance.GetTypeFromSpecification(_reader, null, (TypeSpecificationHandle)handle, 0),
        _ => [],
    };

    private IEnumerable<TypeName> Attributes(CustomAttributeHandleCollection attributes) =>
        attributes.Select(a => Use(_reader.GetCustomAttribute(a).Constructor)).OfType<MethodUse>().Select(u => u.Type);
}
