namespace Backstop.Judging.Rules;

/// <summary>Says into which folder each copy of a message goes, by its content.</summary>
/// <param name="content">The message's octets.</param>
/// <returns>A folder's name for each of its targets.</returns>
internal delegate Task<IReadOnlyList<string>> LateDecision(ReadOnlyMemory<byte> content);
