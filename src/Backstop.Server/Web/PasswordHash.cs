using Microsoft.AspNetCore.Identity;

namespace Backstop.Server.Web;

/// <summary>
/// The form of the dashboard's password in the configuration: PBKDF2 with HMAC-SHA512 and a salt, as ASP.NET Core
/// Identity writes it.
/// </summary>
internal static class PasswordHash
{
    private static readonly PasswordHasher<string> _hasher = new();

    /// <summary>Makes the hash of a password.</summary>
    public static string Make(string password) => _hasher.HashPassword("", password);

    /// <summary>Whether a password matches a hash.</summary>
    /// <param name="hash">What <see cref="Make"/> returned.</param>
    /// <param name="password">The password to check.</param>
    public static bool Fits(string hash, string password) =>
        _hasher.VerifyHashedPassword("", hash, password) != PasswordVerificationResult.Failed;
}
