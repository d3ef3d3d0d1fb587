using System.Security.Cryptography;
using System.Text;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>
/// The tokens that callers of <c>/classify</c> prove themselves with. Only their digests are kept, and no message shows a token.
/// </summary>
internal sealed class ClassifyTokens
{
    /// <summary>From here on guessing is hopeless (16 octets in hex), so that nobody has to be locked out for guessing.</summary>
    public const int MinLength = 32;

    // Ten thousand callers; a file that is longer is none of tokens.
    private const int MaxFile = 1 << 20;

    private readonly byte[][] _digests;

    private ClassifyTokens(byte[][] digests) => _digests = digests;

    /// <summary>Reads the tokens; none where /classify is off.</summary>
    /// <param name="options">The configuration's section.</param>
    /// <exception cref="InvalidDataException">The file of tokens has gone bad since the configuration was checked.</exception>
    public static ClassifyTokens Read(ClassifyOptions options)
    {
        var (tokens, errors) = Look(options);
        return errors.Count == 0
            ? new([.. tokens.Select(Digest)])
            : throw new InvalidDataException(string.Join('\n', errors.Select(e => $"{e.Key}: {e.Message}")));
    }

    /// <summary>What is wrong with the tokens, by key of the configuration.</summary>
    /// <param name="options">The configuration's section.</param>
    public static IReadOnlyList<(string Key, string Message)> Errors(ClassifyOptions options) => Look(options).Errors;

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
        token.Length < MinLength
            ? $"{token.Length} characters are too few for a token: wants at least {MinLength}; backstop config token makes one"
        : !IsBearer(token) ? "a token has only letters, digits and -._~+/ (and = at its end); backstop config token makes one"
        : null;

    // RFC 6750 §2.1: b64token. What is outside of it would not survive the header.
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
            errors.Add((file, $"{options.TokenFile} has no token in it; backstop config token makes one"));
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

    // What is wrong with the file stands beside the other errors of the configuration; a FIFO holds nobody.
    private static string[] ReadFile(string path, Action<string> wrong)
    {
        try
        {
            using var file = RegularFile.Open(path, followLinks: true);
            if (RandomAccess.GetLength(file) is > MaxFile and var length)
            {
                wrong($"cannot be read: {path}: {length} octets are too many for a file of tokens");
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
