using System.Text;

namespace Backstop.SpamRules.Html;

/// <summary>The words of a CSS <c>background</c>: parentheses and quotes hold together, commas part the layers.</summary>
internal static class CssLayers
{
    public static List<string> Last(string background)
    {
        var layer = new List<string>();
        List<string> last = [];
        var token = new StringBuilder();
        var nesting = new Stack<char>();
        foreach (var c in background)
        {
            if (nesting.TryPeek(out var close))
            {
                token.Append(c);
                if (c == close)
                {
                    nesting.Pop();
                    if (c == ')')
                    {
                        Flush(token, layer);
                    }
                }
                else if (close == ')' && c is '"' or '\'')
                {
                    nesting.Push(c);
                }
            }
            else if (c is ' ' or ',')
            {
                Flush(token, layer);
                if (c == ',')
                {
                    (last, layer) = (layer, []);
                }
            }
            else
            {
                token.Append(c);
                if (c is '(' or '"' or '\'')
                {
                    nesting.Push(c == '(' ? ')' : c);
                }
            }
        }

        Flush(token, layer);
        return layer.Count > 0 ? layer : last;
    }

    private static void Flush(StringBuilder token, List<string> layer)
    {
        if (token.Length > 0)
        {
            layer.Add(token.ToString());
            token.Clear();
        }
    }
}
