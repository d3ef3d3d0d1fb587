namespace Backstop.Setup;

/// <summary>Where a guard listens when nobody chose: neither OpenDKIM's port nor rspamd's.</summary>
internal static class SetupPorts
{
    public const int LmtpProxy = 7624;
    public const int Milter = 7625;
    public const int Policy = 7626;
    public const int Table = 7627;
    public const int SmtpProxy = 7628;
}
