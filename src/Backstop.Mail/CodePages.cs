using System.Text;

namespace Backstop.Mail;

/// <summary>Makes the Windows, ISO-2022 and other code pages known to .NET, which knows them only once a provider is registered.</summary>
/// <remarks>
/// MimeKit looks once, at its first use: whoever reaches it earlier never decodes a Japanese, Chinese or Korean header field in
/// this process.
/// </remarks>
internal static class CodePages
{
    /// <summary>Registers the provider; as often as wanted.</summary>
    public static void Register() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
}
