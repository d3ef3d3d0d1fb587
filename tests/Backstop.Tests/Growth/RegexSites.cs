using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Backstop.Tests.Growth;

/// <summary>Reads from an assembly which methods make regular expressions, or are generated ones.</summary>
internal sealed class RegexSites : IDisposable
{
    private static readonly Dictionary<ushort, OpCode> _codes = typeof(OpCodes).GetFields().Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => (ushort)c.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    private RegexSites(string path)
    {
        _file = new(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
    }

    /// <summary>The methods, as <c>Type.Method</c>: those that construct a Regex, call a static method of it, or bear GeneratedRegexAttribute.</summary>
    public static IReadOnlyList<string> In(string path)
    {
        using var sites = new RegexSites(path);
        return [.. sites.Find().Distinct().Order(StringComparer.Ordinal)];
    }

    public void Dispose() => _file.Dispose();

    private IEnumerable<string> Find()
    {
        foreach (var handle in _reader.MethodDefinitions)
        {
            var method = _reader.GetMethodDefinition(handle);
            var type = _reader.GetTypeDefinition(method.GetDeclaringType());
            var isGenerated = method.GetCustomAttributes().Any(a => TypeOf(_reader.GetCustomAttribute(a).Constructor) == "GeneratedRegexAttribute");
            if (isGenerated || (method.RelativeVirtualAddress != 0 && Calls(_file.GetMethodBody(method.RelativeVirtualAddress)).Any(IsRegex)))
            {
                yield return $"{_reader.GetString(type.Name)}.{_reader.GetString(method.Name)}";
            }
        }
    }

    private static List<EntityHandle> Calls(MethodBodyBlock body)
    {
        var handles = new List<EntityHandle>();
        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            var first = code.ReadByte();
            var operation = _codes[first == 0xFE ? (ushort)(0xFE00 | code.ReadByte()) : first];
            switch (operation.OperandType)
            {
                case OperandType.InlineMethod:
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

    private bool IsRegex(EntityHandle method)
    {
        if (method.Kind != HandleKind.MemberReference || TypeOf(method) != "Regex")
        {
            return false;
        }

        var member = _reader.GetMemberReference((MemberReferenceHandle)method);
        var isInstance = _reader.GetBlobReader(member.Signature).ReadSignatureHeader().IsInstance;
        return _reader.GetString(member.Name) switch
        {
            ".ctor" => true,
            "Escape" or "Unescape" => false,
            _ => !isInstance,
        };
    }

    private string TypeOf(EntityHandle method) =>
        method.Kind == HandleKind.MemberReference && _reader.GetMemberReference((MemberReferenceHandle)method).Parent is { Kind: HandleKind.TypeReference } parent
            ? _reader.GetString(_reader.GetTypeReference((TypeReferenceHandle)parent).Name)
            : "";
}
