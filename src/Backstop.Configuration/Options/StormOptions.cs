using Backstop.Backscatter.Storms;

namespace Backstop.Configuration.Options;

/// <summary>Where bounces of a storm are deferred if nothing in their envelope proves them.</summary>
internal enum StormGate
{
    /// <summary>
    /// At RCPT, but only for addresses whose sent mail is unknown, because then the content could not prove anything
    /// either.
    /// </summary>
    Auto,

    /// <summary>At RCPT for every address: a genuine bounce without a tag arrives one try later.</summary>
    Rcpt,

    /// <summary>Nowhere: every bounce is judged at the end of its data.</summary>
    Data,
}

/// <summary>When a flood of bounces, automatic answers or list confirmations is a storm, and what is done then.</summary>
internal sealed class StormOptions
{
    /// <summary>Whether storms change how mail is treated. They are detected and shown in any case. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How many unwanted messages to one address within about a minute begin a storm. Default 10.</summary>
    [Bounds(2, 100_000)]
    public int Fast { get; set; } = 10;

    /// <summary>How many within about a quarter of an hour begin a storm. Default 40.</summary>
    [Bounds(2, 1_000_000)]
    public int Slow { get; set; } = 40;

    /// <summary>How many times the address's usual rate it must be. Default 10.</summary>
    [Bounds(1, 1000)]
    public int Factor { get; set; } = 10;

    /// <summary>The least number of different hosts or domains that they must come from. Default 5.</summary>
    [Bounds(1, 200)]
    public int Sources { get; set; } = 5;

    /// <summary>How long it must be quiet before a storm is over. Default 30m.</summary>
    [Bounds("1m", "1d")]
    public TimeSpan CalmAfter { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Where, in a storm, bounces without proof in their envelope are deferred: <c>auto</c>, <c>rcpt</c> or
    /// <c>data</c>. Has no effect if <c>backscatter.unproved</c> is <c>file</c>. Default auto.
    /// </summary>
    public StormGate RefuseAt { get; set; } = StormGate.Auto;

    /// <summary>
    /// Whether the first bounce of a network is deferred (451); its next try is judged by its content. No bounce is
    /// refused for good because of a storm. Default true.
    /// </summary>
    public bool TempfailFirst { get; set; } = true;

    /// <summary>How long after the first try the next one is judged. Default 5m.</summary>
    [Bounds("0s", "1h")]
    public TimeSpan TempfailFor { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The folder for the mail of an e-mail bomb, in each mailbox. Default Flood.</summary>
    public string Folder { get; set; } = "Flood";

    /// <summary>
    /// How many one-time codes from domains never seen before still reach the inbox in ten minutes of an e-mail bomb:
    /// the recipient may have asked for one of them. Default 5.
    /// </summary>
    [Bounds(0, 1000)]
    public int Codes { get; set; } = 5;

    /// <summary>How long the records of storms are kept. Default 365d.</summary>
    [Bounds("1d", "3650d")]
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(365);

    internal StormRule Rule => new() { FastCount = Fast, SlowCount = Slow, Factor = Factor, Sources = Sources, CalmAfter = CalmAfter };

    internal void Check(IConfigProblems problems) => problems.CheckFolder("storm.folder", Folder);
}
