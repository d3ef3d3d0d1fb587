using System.Text.Json.Serialization;
using Backstop.Mailboxes;

namespace Backstop.Server.Delivery;

/// <summary>What a helper is asked for: one of the three. The bodies of messages follow, a frame each.</summary>
internal sealed record HelperRequest
{
    /// <summary>This host's name.</summary>
    public required string Host { get; init; }

    /// <summary>Written into dot-locks.</summary>
    public required string Owner { get; init; }

    /// <summary>The folder to write to, or to look at; null for recipes.</summary>
    public FolderRef? Folder { get; init; }

    /// <summary>The copies to write; null to look for the last one in an mbox.</summary>
    public IReadOnlyList<HelperCopy>? Copies { get; init; }

    /// <summary>The recipes to run.</summary>
    public RecipeSetting? Recipes { get; init; }
}

/// <summary>A copy to write, without its body. It names one recipient of the message at most: the user himself.</summary>
/// <param name="Id">The id of its entry in the spool.</param>
/// <param name="Target">The number of the copy.</param>
/// <param name="Header">The header fields of this copy.</param>
/// <param name="Trace">The header fields of every copy.</param>
/// <param name="ReceivedUnixMs">When the message was received.</param>
/// <param name="ReversePath">The envelope sender.</param>
/// <param name="Lines">The number of lines in the body.</param>
internal sealed record HelperCopy(
    ulong Id, int Target, string Header, string Trace, long ReceivedUnixMs, string ReversePath, int Lines)
{
    /// <summary>Whether it may be in the folder already.</summary>
    public bool MayBeThere { get; init; }

    /// <summary>Whether it may have come there since this helper has looked.</summary>
    public bool IsFresh { get; init; }

    /// <summary>Where else it may be.</summary>
    public IReadOnlyList<EarlierPlace> Earlier { get; init; } = [];
}

/// <summary>What a helper has done.</summary>
internal sealed record HelperReply
{
    /// <summary>Why it is not done; empty where it is.</summary>
    public string Error { get; init; } = "";

    /// <summary>The system's number of the error.</summary>
    public int ErrorNumber { get; init; }

    /// <summary>For each copy, whether it is in its folder.</summary>
    public bool[] Written { get; init; } = [];

    /// <summary>The id of the last copy in an mbox.</summary>
    public string? LastId { get; init; }

    /// <summary>Whether recipes have done something that cannot be taken back.</summary>
    public bool HasActed { get; init; }

    /// <summary>The copies that recipes have decided on.</summary>
    public IReadOnlyList<HelperPlan> Plan { get; init; } = [];
}

/// <summary>A copy that recipes have decided on.</summary>
/// <param name="Format">Maildir or mbox.</param>
/// <param name="Path">Its absolute path.</param>
/// <param name="IsChanged">Whether recipes have changed the message: its octets follow in a frame.</param>
internal sealed record HelperPlan(FolderFormat Format, string Path, bool IsChanged);

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(HelperRequest))]
[JsonSerializable(typeof(HelperReply))]
internal sealed partial class HelperJson : JsonSerializerContext;
