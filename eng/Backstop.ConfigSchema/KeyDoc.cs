using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace Backstop.ConfigSchema;

/// <summary>The documentation of a key: the summary of its property.</summary>
internal static class KeyDoc
{
    /// <summary>Returns the summary as one line without markup; empty where there is none.</summary>
    /// <param name="property">The property.</param>
    public static string Of(IPropertySymbol property)
    {
        var xml = property.GetDocumentationCommentXml();
        if (string.IsNullOrWhiteSpace(xml))
        {
            return "";
        }

        var summary = XElement.Parse(xml).Element("summary")?.Value ?? "";
        return string.Join(" ", summary.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
