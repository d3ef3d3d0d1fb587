namespace Backstop.Judging.Rules;

/// <summary>Chooses the folder of each copy of a message by its content.</summary>
/// <param name="content">The message's octets.</param>
/// <returns>The name of a folder for each of its targets.</returns>
internal delegate Task<IReadOnlyList<string>> LateDecision(ReadOnlyMemory<byte> content);
