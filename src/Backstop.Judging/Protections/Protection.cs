using System.Text.Json.Serialization;

namespace Backstop.Judging.Protections;

/// <summary>Whether a protection protects.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProtectionState>))]
internal enum ProtectionState
{
    /// <summary>It does.</summary>
    [JsonStringEnumMemberName("on")]
    On,

    /// <summary>Not known yet: a list is being tested, rules are being read, a filter has not been asked.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>The configuration does not ask for it.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>The configuration asks for it, and it does not work: mail passes without it.</summary>
    [JsonStringEnumMemberName("down")]
    Down,
}

/// <summary>One protection, such as a DNS list or the journal of sent mail.</summary>
/// <param name="Check">The kind, in the words of <c>doctor</c>: list, filter, spam, store, keys and others.</param>
/// <param name="Name">Which one of its kind.</param>
/// <param name="State">Whether it protects.</param>
/// <param name="Why">Why it does not; empty where it does.</param>
/// <param name="Do">What to do about it; empty where there is nothing to do.</param>
internal sealed record Protection(string Check, string Name, ProtectionState State, string Why = "", string Do = "")
{
    /// <summary>What is wrong, in one line.</summary>
    [JsonIgnore]
    public string Sentence => $"{Name}: {Why}";
}
