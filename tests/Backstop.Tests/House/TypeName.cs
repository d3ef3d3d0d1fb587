using System.Reflection.Metadata;

namespace Backstop.Tests.House;

/// <summary>
/// A type, by the outermost one that it lies in: what the compiler makes of lambdas and async methods belongs to whoever wrote them.
/// </summary>
/// <param name="Assembly">The assembly's simple name.</param>
/// <param name="Namespace">Its namespace; empty for the compiler's own types.</param>
/// <param name="Name">Its name, without the number of its type parameters.</param>
internal readonly record struct TypeName(string Assembly, string Namespace, string Name)
{
    private TypeName(string assembly, MetadataReader reader, StringHandle space, StringHandle name)
        : this(assembly, reader.GetString(space), reader.GetString(name).Split('`')[0])
    {
    }

    public static TypeName Of(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? Of(reader, outer) : new(Own(reader), reader, type.Namespace, type.Name);
    }

    public static TypeName Of(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        return type.ResolutionScope.Kind switch
        {
            HandleKind.TypeReference => Of(reader, (TypeReferenceHandle)type.ResolutionScope),
            HandleKind.AssemblyReference => new(Assembly((AssemblyReferenceHandle)type.ResolutionScope), reader, type.Namespace, type.Name),
            _ => new(Own(reader), reader, type.Namespace, type.Name),
        };

        string Assembly(AssemblyReferenceHandle handle) => reader.GetString(reader.GetAssemblyReference(handle).Name);
    }

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}.{Name}";

    private static string Own(MetadataReader reader) => reader.GetString(reader.GetAssemblyDefinition().Name);
}
