using System.Globalization;
using Backstop.Configuration.Options;

namespace Backstop.Server.Net;

/// <summary>
/// Divides the file descriptors of this process, so that no flood uses those that deliveries, databases and the web
/// need.
/// </summary>
/// <param name="Limit">How many the process may have (RLIMIT_NOFILE).</param>
/// <param name="Mail">For connections of SMTP and LMTP.</param>
/// <param name="Guard">For connections of mail servers that ask us.</param>
/// <param name="Web">For connections to the web port and of spamd's protocol.</param>
/// <param name="Spills">For messages that are received into files.</param>
internal sealed record Descriptors(int Limit, int Mail, int Guard, int Web, int Spills)
{
    /// <summary>
    /// For the runtime, listeners, databases, folders, programs, filters and DNS. An idle server uses 280: .NET keeps
    /// each of its libraries open twice, unless everything was compiled ahead of time.
    /// </summary>
    internal static readonly int Own = System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeCompiled ? 416 : 160;

    /// <summary>The least number that a server can work with.</summary>
    internal static readonly int Least = Own + 80;

    // A client that is refused with "too many connections" uses one meanwhile.
    private const int Refusing = 16;
    private const int MostWeb = 2048;
    private const int Fewest = 16;

    /// <summary>Divides the descriptors.</summary>
    /// <param name="options">The limits of the configuration.</param>
    /// <param name="limit">How many descriptors there are.</param>
    /// <exception cref="IOException">There are too few.</exception>
    public static Descriptors Plan(BackstopOptions options, int limit)
    {
        if (limit < Least)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture, $"This process may have only {limit} open files, and a server needs at least {Least}. Raise "
                + $"LimitNOFILE= of the unit, or ulimit -n."));
        }

        var free = limit - Own;
        var mail = options.Listen.ReceivesMail || options.Listen.HandsOn ? options.Smtp.MaxConnections : 0;
        var guard = options.Listen.GuardsServer ? options.Guard.MaxConnections : 0;

        // A connection that is handed on needs a second one to the next server.
        var each = options.Listen.HandsOn ? 2 : 1;
        var web = Math.Clamp(free / 8, Fewest, MostWeb);
        var spills = Math.Max(Fewest, (free - web) / 4);
        var rest = free - web - spills - Refusing;
        long wanted = ((long)mail * each) + guard;
        if (wanted <= rest)
        {
            return new(limit, mail, guard, web, spills + rest - (int)wanted);
        }

        return new(limit, Share((long)mail * each) / each, Share(guard), web, spills);

        int Share(long part) => (int)Math.Min(part, Math.Max(Fewest, rest * part / wanted));
    }

    /// <summary>
    /// Returns how many descriptors this process may have; .NET has raised the soft limit to the hard one. Where it
    /// cannot be read, it is taken as unlimited.
    /// </summary>
    public static int OfProcess()
    {
        try
        {
            const string Name = "Max open files";
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal));
            var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue / 2;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue / 2;
        }
    }
}
