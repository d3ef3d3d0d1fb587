using System.ComponentModel.DataAnnotations;
using Backstop.Backscatter.Storms;

namespace Backstop.Configuration.Options;

/// <summary>Where bounces of a storm are asked to come again that nothing in their envelope proves.</summary>
internal enum StormGate
{
    /// <summary>At RCPT where nothing that the address sent is known, for then no content could prove anything; nowhere else.</summary>
    Auto,

    /// <summary>At RCPT, whatever is known: a genuine bounce without a tag comes one try later.</summary>
    Rcpt,

    /// <summary>Nowhere: all are judged at the end of the data.</summary>
    Data,
}

/// <summary>When a flood of bounces, automatic answers or list confirmations is a storm, and what is done then.</summary>
internal sealed class StormOptions
{
    /// <summary>Whether storms change what is done. They are seen and shown in any case. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How many unwanted messages to one address in about a minute begin a storm. Default 10.</summary>
    [Range(2, 100_000)]
    public int Fast { get; set; } = 10;

    /// <summary>How many in about a quarter of an hour begin one. Default 40.</summary>
    [Range(2, 1_000_000)]
    public int Slow { get; set; } = 40;

    /// <summary>How many times what is usual for the address it must be. Default 10.</summary>
    [Range(1, 1000)]
    public int Factor { get; set; } = 10;

    /// <summary>From how many different hosts or domains they must come. Default 5.</summary>
    [Range(1, 200)]
    public int Sources { get; set; } = 5;

    /// <summary>How long it must be quiet before a storm is over. Default 30m.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan CalmAfter { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// In a storm, where bounces whose envelope proves nothing are asked to come again: <c>auto</c>, <c>rcpt</c> or <c>data</c>.
    /// Not where <c>backscatter.unproved</c> is <c>file</c>. Default auto.
    /// </summary>
    public StormGate RefuseAt { get; set; } = StormGate.Auto;

    /// <summary>
    /// Whether a network that brings the first of them is asked to come again (451); its next try is judged by its content. No
    /// bounce is refused for good because of a storm. Default true.
    /// </summary>
    public bool TempfailFirst { get; set; } = true;

    /// <summary>How long after the first try the next one is judged. Default 5m.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan TempfailFor { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The folder for what an e-mail bomb consists of, in each mailbox. Default Flood.</summary>
    public string Folder { get; set; } = "Flood";

    /// <summary>
    /// In an e-mail bomb, one-time codes from domains never seen before that still reach the inbox in ten minutes: one of them may
    /// have been asked for. Default 5.
    /// </summary>
    [Range(0, 1000)]
    public int Codes { get; set; } = 5;

    /// <summary>How long the records of storms are kept. Default 365d.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(365);

    internal StormRule Rule => new() { FastCount = Fast, SlowCount = Slow, Factor = Factor, Sources = Sources, CalmAfter = CalmAfter };

    internal void Check(IConfigProblems problems) => problems.CheckFolder("storm.folder", Folder);
}
