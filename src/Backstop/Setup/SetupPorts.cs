namespace Backstop.Setup;

/// <summary>The default ports of a guard. They differ from those of OpenDKIM and rspamd.</summary>
internal static class SetupPorts
{
    public const int LmtpProxy = 7624;
    public const int Milter = 7625;
    public const int Policy = 7626;
    public const int Table = 7627;
    public const int SmtpProxy = 7628;
}
