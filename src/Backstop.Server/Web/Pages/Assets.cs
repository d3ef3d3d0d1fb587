using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Backstop.Server.Web.Pages;

/// <summary>Styles, scripts and their licences, embedded in the program. Nothing is loaded from elsewhere.</summary>
internal static class Assets
{
    private const string Prefix = "web/";

    private static readonly FrozenDictionary<string, (byte[] Content, string Tag)> _all = Read();

    /// <summary>
    /// Returns the address of an asset. It changes with the content, so that it may be cached for ever.
    /// </summary>
    public static string Url(string name) => $"/assets/{name}?v={_all[name].Tag}";

    /// <summary>Sends an asset.</summary>
    public static IResult Get(string name, HttpContext context)
    {
        if (!_all.TryGetValue(name, out var asset))
        {
            return Results.NotFound();
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(asset.Content, Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        });
    }

    private static FrozenDictionary<string, (byte[] Content, string Tag)> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(
            n => n[Prefix.Length..],
            n =>
            {
                using var stream = assembly.GetManifestResourceStream(n)!;
                using var content = new MemoryStream();
                stream.CopyTo(content);
                var octets = content.ToArray();
                return (octets, Convert.ToHexStringLower(SHA256.HashData(octets))[..12]);
            },
            StringComparer.Ordinal);
    }
}
