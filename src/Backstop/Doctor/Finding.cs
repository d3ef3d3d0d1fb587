using System.Text.Json.Serialization;

namespace Backstop.Doctor;

/// <summary>How well a part of the set-up is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FindingState>))]
internal enum FindingState
{
    /// <summary>As it should be.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>A protection that could be on and is not.</summary>
    [JsonStringEnumMemberName("off")]
    Off,

    /// <summary>It could not be checked; the text says why.</summary>
    [JsonStringEnumMemberName("skip")]
    Skip,

    /// <summary>It works, but not for ever or not for everybody.</summary>
    [JsonStringEnumMemberName("warn")]
    Warn,

    /// <summary>It does not work.</summary>
    [JsonStringEnumMemberName("bad")]
    Bad,
}

/// <summary>What was found out about one part of the set-up.</summary>
/// <param name="State">How well it is.</param>
/// <param name="Check">The part: <c>server</c>, <c>dns</c>, <c>certificate</c> and so on.</param>
/// <param name="What">What was found.</param>
/// <param name="Do">What to do about it; empty where there is nothing to do.</param>
internal sealed record Finding(FindingState State, string Check, string What, string Do = "");
