using System.Security.Cryptography;
using System.Text;
using Backstop.Server.Options;

namespace Backstop.Server.Web;

/// <summary>The tokens that callers of <c>/classify</c> prove themselves with. Only their digests are kept, and no message shows a token.</summary>
internal sealed class ClassifyTokens
{
    /// <summary>From here on guessing is hopeless (16 octets in hex), so that nobody has to be locked out for guessing.</summary>
    public const int MinLength = 32;

    private readonly byte[][] _digests;

    private ClassifyTokens(byte[][] digests) => _digests = digests;

    /// <summary>Reads the tokens; none where /classify is off.</summary>
    /// <param name="options">The configuration's section.</param>
    /// <exception cref="InvalidDataException">The file of tokens has gone bad since the configuration was checked.</exception>
    public static ClassifyTokens Read(ClassifyOptions options)
    {
        var errors = Errors(options).Select(e => $"{e.Key}: {e.Message}").ToList();
        return errors.Count == 0 ? new([.. All(options).Select(t => Digest(t.Token))]) : throw new InvalidDataException(string.Join('\n', errors));
    }

    /// <summary>What is wrong with the tokens, by key of the configuration.</summary>
    /// <param name="options">The configuration's section.</param>
    public static IEnumerable<(string Key, string Message)> Errors(ClassifyOptions options)
    {
        if (options.TokenFile.Length > 0 && !File.Exists(options.TokenFile))
        {
            return [("classify.token_file", $"no such file: {options.TokenFile}")];
        }

        var tokens = All(options).ToList();
        return options.IsOn && tokens.Count == 0
            ? [("classify.token_file", $"{options.TokenFile} has no token in it; backstop config token makes one")]
            : tokens.Select(t => (t.Key, Message: Error(t.Token) is { } error ? t.Place + error : "")).Where(e => e.Message.Length > 0);
    }

    /// <summary>Whether a token is one of them. Takes as long for a wrong one as for a right one, whichever of them it is.</summary>
    /// <param name="token">What a caller gave.</param>
    public bool Fits(string token)
    {
        var digest = Digest(token);
        var fits = false;
        foreach (var known in _digests)
        {
            fits |= CryptographicOperations.FixedTimeEquals(known, digest);
        }

        return fits;
    }

    private static string? Error(string token) =>
        token.Length < MinLength ? $"{token.Length} characters are too few for a token: wants at least {MinLength}; backstop config token makes one"
        : !IsBearer(token) ? "a token has only letters, digits and -._~+/ (and = at its end); backstop config token makes one"
        : null;

    // RFC 6750 §2.1: b64token. What is outside of it would not survive the header.
    private static bool IsBearer(string token) => token.TrimEnd('=').All(c => char.IsAsciiLetterOrDigit(c) || "-._~+/".Contains(c, StringComparison.Ordinal));

    private static IEnumerable<(string Key, string Place, string Token)> All(ClassifyOptions options)
    {
        if (options.Token.Length > 0)
        {
            yield return ("classify.token", "", options.Token);
        }

        var number = 0;
        foreach (var line in options.TokenFile.Length > 0 ? File.ReadLines(options.TokenFile) : [])
        {
            number++;
            if (line.Trim() is { Length: > 0 } token && token[0] != '#')
            {
                yield return ("classify.token_file", $"{options.TokenFile}:{number}:1: ", token);
            }
        }
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
