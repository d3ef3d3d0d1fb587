using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Backstop.Manual;

/// <summary>
/// Scripts that complete verbs, options and file names in a shell. The words stand in the script, so that completing starts no program.
/// </summary>
internal static class Completions
{
    /// <summary>The shells that there are scripts for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish"];

    /// <summary>Returns the script for a shell.</summary>
    /// <param name="shell">One of <see cref="Shells"/>.</param>
    /// <param name="root">The whole command line.</param>
    public static string For(string shell, RootCommand root) => shell switch
    {
        "bash" => Bash(root),
        "zsh" => Zsh(root),
        "fish" => Fish(root),
        _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, "unknown shell"),
    };

    private static string Bash(RootCommand root)
    {
        var script = new StringBuilder(
            """
            # Completes backstop in bash: source <(backstop completion bash)
            _backstop() {
              local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb="" words="" files=yes word i
              for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                case "${verb:+$verb }$word" in

            """);
        var all = string.Join(" | ", Verbs(root).Select(v => $"\"{VerbNotes.Path(v)}\""));
        script.Append(CultureInfo.InvariantCulture, $"      {all}) verb=${{verb:+$verb }}$word ;;\n");
        script.Append("    esac\n  done\n  case \"$verb\" in\n");
        foreach (var verb in Verbs(root).Prepend(root))
        {
            var (path, names) = (verb is RootCommand ? "" : VerbNotes.Path(verb), SubVerbs(verb));
            var words = string.Join(' ', names.Concat(Options(verb).Select(o => o.Name)));
            script.Append(CultureInfo.InvariantCulture, $"    \"{path}\") words=\"{words}\"{(names.Count > 0 ? " files=" : "")} ;;\n");
        }

        return script.Append(
            """
              esac
              case "$prev" in
                --config | --ca | --output | --report | --rules | --journal | --data | --state | --config-dir | --sent)
                  words="" files=yes ;;
              esac
              if [[ $cur == -* ]]; then files=; fi
              if [[ -n $files ]]; then compopt -o filenames 2>/dev/null; fi
              mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; [[ -n $files ]] && compgen -f -- "$cur")
            }
            complete -F _backstop backstop

            """).ToString();
    }

    private static string Zsh(RootCommand root)
    {
        var script = new StringBuilder(
            "#compdef backstop\n# Completes backstop in zsh: backstop completion zsh > a folder of $fpath, as _backstop\n"
            + "_backstop() {\n  local verb=\"\" word\n  local -a verbs options\n  for word in ${words[2,CURRENT-1]}; do\n"
            + "    case \"${verb:+$verb }$word\" in\n");
        var all = string.Join('|', Verbs(root).Select(v => $"\"{VerbNotes.Path(v)}\""));
        script.Append(CultureInfo.InvariantCulture, $"      {all}) verb=\"${{verb:+$verb }}$word\" ;;\n");
        script.Append("    esac\n  done\n  case \"$verb\" in\n");
        foreach (var verb in Verbs(root).Prepend(root))
        {
            script.Append(CultureInfo.InvariantCulture, $"    \"{(verb is RootCommand ? "" : VerbNotes.Path(verb))}\")\n");
            var verbs = string.Join(' ', verb.Subcommands.Where(s => !s.Hidden).Select(s => Described(s.Name, s.Description)));
            var options = string.Join(' ', Options(verb).Select(o => Described(o.Name, o.Description)));
            script.Append(CultureInfo.InvariantCulture, $"      verbs=({verbs})\n      options=({options}) ;;\n");
        }

        return script.Append(
            """
              esac
              if (( ${#verbs} )); then _describe verb verbs; elif [[ $PREFIX != -* ]]; then _files; fi
              _describe -o option options
            }
            if [[ $funcstack[1] == _backstop ]]; then _backstop "$@"; else compdef _backstop backstop; fi

            """).ToString();
    }

    private static string Fish(RootCommand root)
    {
        var script = new StringBuilder(
            "# Completes backstop in fish: backstop completion fish > ~/.config/fish/completions/backstop.fish\n");
        foreach (var verb in Verbs(root).Prepend(root))
        {
            // Words of verbs that were given, and none that would lead to a verb below this one.
            var names = SubVerbs(verb);
            var seen = verb is RootCommand ? [] : VerbNotes.Path(verb).Split(' ').Select(w => $"__fish_seen_subcommand_from {w}");
            var unseen = names.Count == 0 ? [] : new[] { $"not __fish_seen_subcommand_from {string.Join(' ', names)}" };
            var condition = string.Join("; and ", seen.Concat(unseen));
            var when = condition.Length == 0 ? "" : $" -n {Quoted(condition)}";
            foreach (var inner in verb.Subcommands.Where(s => !s.Hidden))
            {
                var line = $"complete -c backstop{when} -f -a {inner.Name} -d {Quoted(Short(inner.Description))}\n";
                script.Append(line);
            }

            foreach (var option in Options(verb))
            {
                var takes = option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool) ? " -r" : "";
                var line = $"complete -c backstop{when} -l {option.Name.TrimStart('-')}{takes} -d {Quoted(Short(option.Description))}\n";
                script.Append(line);
            }
        }

        return script.ToString();
    }

    private static IEnumerable<Command> Verbs(Command verb) =>
        verb.Subcommands.Where(s => !s.Hidden).SelectMany(s => Verbs(s).Prepend(s));

    private static List<string> SubVerbs(Command verb) => [.. verb.Subcommands.Where(s => !s.Hidden).Select(s => s.Name)];

    // A long name for each; the help option has further names that no one types.
    private static IEnumerable<Option> Options(Command verb) =>
        verb.Options.Concat(VerbNotes.Above(verb).SelectMany(p => p.Options).Where(o => o.Recursive))
            .Where(o => !o.Hidden && o.Name.StartsWith("--", StringComparison.Ordinal)).DistinctBy(o => o.Name);

    private static string Described(string name, string? description) =>
        Quoted(name + ":" + Short(description).Replace(":", "\\:", StringComparison.Ordinal));

    private static string Short(string? description)
    {
        var text = description ?? "";
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text.TrimEnd('.') : text[..end];
    }

    private static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
