using Microsoft.CodeAnalysis;

namespace Backstop.ConfigSchema;

/// <summary>
/// Writes the table of all configuration keys from the option classes and their doc comments, so that nothing of it is looked up by
/// reflection when the program runs.
/// </summary>
[Generator]
public sealed class SchemaGenerator : IIncrementalGenerator
{
    private const string Root = "Backstop.Configuration.Options.BackstopOptions";

    /// <inheritdoc />
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        // The text is compared before it is compiled again, so an edit elsewhere costs the walk over the option classes only.
        var text = context.CompilationProvider.Select((compilation, _) =>
            compilation.GetTypeByMetadataName(Root) is { } root ? SchemaWriter.Write(root) : null);
        context.RegisterSourceOutput(text, (output, source) =>
        {
            if (source is not null)
            {
                output.AddSource("ConfigSchema.g.cs", source);
            }
        });
    }
}
