using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Languages that nobody here reads (Plugin/TextCat.pm).</summary>
internal static class LanguageEvals
{
    private const int HighOctets = 8;
    private const int SurePerLanguage = 1024;

    private static readonly HashSet<string> _ofManyHighOctets =
        [.. "am ar be bg cs el et fa fi he hi hy is ja ka ko mr pt ru ta th tr uk vi yi zh".Split(' ')];

    public static void Register(EvalTable table)
    {
        table.Add("check_language", static (scan, _) => IsUnwanted(scan));
        table.Add("check_body_8bits", static (scan, _) => scan.Settings.Plugins.Languages is { Models.IsEmpty: false } settings
            && !settings.Ok.Contains("all") && !settings.Ok.Any(_ofManyHighOctets.Contains) && scan.Body.Any(HasManyHighOctets));
    }

    private static bool IsUnwanted(MessageScan scan)
    {
        var ok = scan.Settings.Plugins.Languages.Ok;
        if (ok.Contains("all") || LanguageFacts.Of(scan) is not { Found.Count: > 0 } facts)
        {
            return false;
        }

        // In a short text Scots looks like English.
        var isShort = facts.Length < SurePerLanguage * facts.Found.Count;
        string Taken(string language) => isShort && language == "sco" ? "en" : language;
        return !facts.Found.Any(f => ok.Any(o => Taken(o) == Taken(f.Split('.')[0])));
    }

    private static bool HasManyHighOctets(string line)
    {
        var run = 0;
        foreach (var c in line)
        {
            run = Octets.IsHigh(c) ? run + 1 : 0;
            if (run == HighOctets)
            {
                return true;
            }
        }

        return false;
    }
}
