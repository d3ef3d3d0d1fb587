using Microsoft.AspNetCore.Identity;

namespace Backstop.Server.Web;

/// <summary>
/// The form in which the configuration keeps the dashboard's password: PBKDF2 with HMAC-SHA512 and a salt, as ASP.NET Core Identity
/// writes it.
/// </summary>
internal static class PasswordHash
{
    private static readonly PasswordHasher<string> _hasher = new();

    /// <summary>Makes a hash.</summary>
    /// <param name="password">The password.</param>
    public static string Make(string password) => _hasher.HashPassword("", password);

    /// <summary>Whether a password is the right one.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="password">What somebody gave.</param>
    public static bool Fits(string hash, string password) =>
        _hasher.VerifyHashedPassword("", hash, password) != PasswordVerificationResult.Failed;
}
