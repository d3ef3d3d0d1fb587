namespace Backstop.Scan;

/// <summary>What <c>learn --json</c> says at its end.</summary>
internal sealed record LearnLine(string Kind, int Messages, int Changed, int Spam, int Ham, bool Ready);
