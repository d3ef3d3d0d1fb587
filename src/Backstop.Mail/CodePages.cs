using System.Text;

namespace Backstop.Mail;

/// <summary>Registers the code pages (Windows, ISO-2022 and others) that .NET does not offer by itself.</summary>
/// <remarks>
/// Must run before the first use of MimeKit, which looks for code pages only once: without them it never decodes a
/// Japanese, Chinese or Korean header field in this process.
/// </remarks>
internal static class CodePages
{
    /// <summary>Registers the provider; calling it again does nothing.</summary>
    public static void Register() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
}
