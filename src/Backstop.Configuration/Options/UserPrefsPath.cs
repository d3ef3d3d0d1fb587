using System.Text;

namespace Backstop.Configuration.Options;

/// <summary>Where users keep their preferences, as set by <c>spam.user_prefs</c>.</summary>
internal static class UserPrefsPath
{
    private const string Home = "~/";

    /// <summary>Whether the files are in the homes of this host's users.</summary>
    /// <param name="pattern">The setting.</param>
    public static bool IsInHomes(string pattern) => pattern.StartsWith(Home, StringComparison.Ordinal);

    /// <summary>Describes what is wrong with the setting; null if nothing is.</summary>
    /// <param name="pattern">The setting, not empty.</param>
    public static string? Error(string pattern)
    {
        var hasUser = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%')
            {
                continue;
            }

            var next = ++i < pattern.Length ? pattern[i] : ' ';
            if (next is not ('u' or 'l' or 'd' or '%'))
            {
                return $"\"%{next}\" has no meaning; write %u (user), %l (local part), %d (domain) or %% (a percent sign)";
            }

            hasUser |= next != '%';
        }

        return (IsInHomes(pattern) && !hasUser) || (Path.IsPathRooted(pattern) && hasUser) ? null
            : $"\"{pattern}\" does not name a file for each user; write an absolute path with %u, %l or %d, such as "
                + "\"/var/lib/spamassassin-users/%d/%l/user_prefs\", or \"~/.spamassassin/user_prefs\"";
    }

    /// <summary>
    /// The path of a user's file; null where the name lacks what the pattern needs. Under <c>~/</c> it is relative to the home.
    /// </summary>
    /// <param name="pattern">The setting, without errors.</param>
    /// <param name="user">Gives the values of the placeholders.</param>
    public static string? Of(string pattern, SpamUserName user)
    {
        if (IsInHomes(pattern))
        {
            return pattern[Home.Length..];
        }

        var path = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            var part = pattern[i] != '%' ? null : pattern[++i] switch
            {
                'u' => user.Text,
                'l' => user.LocalPart,
                'd' => user.Domain,
                _ => "%",
            };
            if (part is { Length: 0 })
            {
                return null;
            }

            _ = part is null ? path.Append(pattern[i]) : path.Append(part);
        }

        return path.ToString();
    }
}
