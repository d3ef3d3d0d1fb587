using Microsoft.AspNetCore.Identity;

namespace Backstop.Server.Options;

/// <summary>The form in which the configuration keeps the dashboard's password: PBKDF2 with HMAC-SHA512 and a salt, as ASP.NET Core Identity writes it.</summary>
public static class PasswordHash
{
    private const int MinOctets = 40;

    private static readonly PasswordHasher<string> _hasher = new();

    /// <summary>Makes a hash.</summary>
    /// <param name="password">The password.</param>
    public static string Make(string password) => _hasher.HashPassword("", password);

    /// <summary>Whether a text is such a hash.</summary>
    /// <param name="text">What stands in the configuration.</param>
    public static bool Is(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Convert.TryFromBase64String(text, new byte[text.Length], out var length) && length > MinOctets;
    }

    /// <summary>Whether a password is the right one.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="password">What somebody gave.</param>
    public static bool Fits(string hash, string password) => _hasher.VerifyHashedPassword("", hash, password) != PasswordVerificationResult.Failed;
}
