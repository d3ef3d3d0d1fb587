using System.Text;
using Backstop.Mail;

namespace Backstop.Tests.Mail;

/// <summary>A text whose charset's name and octets contradict each other.</summary>
public sealed class PartTextTests
{
    static PartTextTests() => CodePages.Register();

    /// <summary>Gateways decode a text and leave its old charset's name on it: the octets show it.</summary>
    [Theory]
    [InlineData("iso-8859-7", "δεν υπάρχει")]
    [InlineData("koi8-r", "не доставлено")]
    [InlineData("shift_jis", "メールを配信できませんでした")]
    [InlineData("gb2312", "您的邮件无法投递给以下收件人")]
    public void Utf8_under_another_name_is_read(string charset, string text) =>
        Assert.Equal(text, Read(charset, Encoding.UTF8.GetBytes(text)));

    /// <summary>Some characters of two octets look like UTF-8's: four of them in a row are no proof.</summary>
    [Theory]
    [InlineData("gb2312", "小学医院")]
    [InlineData("gbk", "小学医院")]
    [InlineData("gb18030", "小学医院")]
    public void Short_text_of_a_charset_with_two_octets_is_believed(string charset, string text) =>
        Assert.Equal(text, Read(charset, Encoding.GetEncoding(charset).GetBytes(text)));

    private static string Read(string charset, byte[] octets)
    {
        byte[] message = [.. Encoding.ASCII.GetBytes($"Content-Type: text/plain; charset={charset}\n\n"), .. octets];
        var fields = new List<HeaderField>();
        var body = HeaderScan.Scan(message, fields);
        return PartText.Read(message, MimeScan.Scan(message, fields, body)[0], 32 * 1024);
    }
}
