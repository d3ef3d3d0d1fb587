namespace Backstop.Tests.Growth;

/// <summary>Something that reads text from outside, and the texts that cost it most.</summary>
/// <param name="Name">What it reads.</param>
/// <param name="Scan">Reads a whole text.</param>
/// <param name="Worst">The texts.</param>
internal sealed record Scanner(string Name, Action<byte[]> Scan, WorstInput[] Worst);
