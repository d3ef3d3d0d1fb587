using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Backstop.Mail;

namespace Backstop.Tests.Mail;

/// <summary>Subjects in the charsets that people's programs still use.</summary>
public sealed class HeaderTextTests
{
    public static TheoryData<string, string> Subjects => new()
    {
        { "iso-2022-jp", "お荷物をお届けできませんでした" },
        { "shift_jis", "お荷物をお届けできませんでした" },
        { "euc-jp", "お荷物をお届けできませんでした" },
        { "gb2312", "您的包裹未能投递" },
        { "gb18030", "您的包裹未能投递" },
        { "big5", "您的包裹" },
        { "euc-kr", "택배를 배달하지 못했습니다" },
        { "koi8-r", "Не удалось доставить" },
        { "windows-1251", "Не удалось доставить" },
        { "windows-1255", "לא ניתן היה למסור" },
        { "iso-8859-2", "Nie udało się doręczyć" },
    };

    /// <summary>
    /// MimeKit looks once, at its first use, which code pages .NET knows: whoever decoded a header before a body never saw a
    /// Japanese, Chinese or Korean subject again. Other tests use MimeKit too, so each row has one of its own; a row run alone is
    /// that case.
    /// </summary>
    [Theory]
    [MemberData(nameof(Subjects))]
    public void Encoded_words_are_read_in_every_charset(string charset, string subject)
    {
        var octets = (CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.GetEncoding(charset)).GetBytes(subject);
        var fresh = new FreshMimeKit();
        var decode = fresh.LoadFromAssemblyPath(typeof(HeaderText).Assembly.Location)
            .GetType(typeof(HeaderText).FullName!)!.GetMethod(nameof(HeaderText.Decode))!;
        Assert.Equal(subject, decode.Invoke(null, [$"=?{charset}?B?{Convert.ToBase64String(octets)}?="]));
        Assert.Equal(subject, decode.Invoke(null, [$"=?{charset}?Q?{string.Concat(octets.Select(o => $"={o:X2}"))}?="]));
        fresh.Unload();
    }

    private sealed class FreshMimeKit() : AssemblyLoadContext(isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name == "MimeKit" ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, "MimeKit.dll")) : null;
    }
}
