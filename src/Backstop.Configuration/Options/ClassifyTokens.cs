using System.Security.Cryptography;
using System.Text;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>
/// The tokens that callers of <c>/classify</c> may send. Only their digests are kept, and no message shows a token.
/// </summary>
internal sealed class ClassifyTokens
{
    /// <summary>The shortest token. Guessing 16 octets in hex is hopeless, so that no caller has to be locked out.</summary>
    public const int MinLength = 32;

    // Room for ten thousand callers; a longer file is not a file of tokens.
    private const int MaxFile = 1 << 20;

    private readonly byte[][] _digests;

    private ClassifyTokens(byte[][] digests) => _digests = digests;

    /// <summary>Reads the tokens; none if /classify is off.</summary>
    /// <param name="options">The configuration's section.</param>
    /// <exception cref="InvalidDataException">The file of tokens has become invalid since the configuration was
    /// checked.</exception>
    public static ClassifyTokens Read(ClassifyOptions options)
    {
        var (tokens, errors) = Look(options);
        return errors.Count == 0
            ? new([.. tokens.Select(Digest)])
            : throw new InvalidDataException(string.Join('\n', errors.Select(e => $"{e.Key}: {e.Message}")));
    }

    /// <summary>Returns the errors in the tokens, with the configuration key of each.</summary>
    /// <param name="options">The configuration's section.</param>
    public static IReadOnlyList<(string Key, string Message)> Errors(ClassifyOptions options) => Look(options).Errors;

    /// <summary>Whether a token is valid. The time does not depend on the token.</summary>
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
        token.Length < MinLength
            ? $"a token of {token.Length} characters is too short; use at least {MinLength} (backstop config token makes one)"
        : !IsBearer(token)
            ? "a token with characters that are not allowed; use letters, digits and -._~+/ (and = at its end), or backstop config token"
        : null;

    // RFC 6750 §2.1: b64token. Other characters cannot be sent in the header.
    private static bool IsBearer(string token) =>
        token.TrimEnd('=').All(c => char.IsAsciiLetterOrDigit(c) || "-._~+/".Contains(c, StringComparison.Ordinal));

    private static (List<string> Tokens, List<(string Key, string Message)> Errors) Look(ClassifyOptions options)
    {
        const string file = "classify.token_file";
        var (tokens, errors) = (new List<string>(), new List<(string Key, string Message)>());
        if (options.Token.Length > 0)
        {
            Take("classify.token", "", options.Token);
        }

        var number = 0;
        foreach (var line in options.TokenFile.Length > 0 ? ReadFile(options.TokenFile, e => errors.Add((file, e))) : [])
        {
            number++;
            if (line.Trim() is { Length: > 0 } token && token[0] != '#')
            {
                Take(file, $"{options.TokenFile}:{number}:1: ", token);
            }
        }

        if (options.IsOn && tokens.Count == 0 && errors.Count == 0)
        {
            errors.Add((file, $"{options.TokenFile} contains no token; backstop config token makes one"));
        }

        return (tokens, errors);

        void Take(string key, string place, string token)
        {
            tokens.Add(token);
            if (Error(token) is { } error)
            {
                errors.Add((key, place + error));
            }
        }
    }

    // Errors in the file are reported with the other errors of the configuration. A FIFO does not block us.
    private static string[] ReadFile(string path, Action<string> wrong)
    {
        try
        {
            using var file = RegularFile.Open(path, followLinks: true);
            if (RandomAccess.GetLength(file) is > MaxFile and var length)
            {
                wrong($"{path} is too large for a file of tokens: {length} octets, at most {MaxFile}");
                return [];
            }

            var octets = new byte[MaxFile];
            return Encoding.UTF8.GetString(octets, 0, RandomAccess.Read(file, octets, 0)).Split('\n');
        }
        catch (FileNotFoundException)
        {
            wrong($"no such file: {path}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            wrong($"cannot be read: {error.Message}");
        }

        return [];
    }

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
