namespace Backstop.Lint;

/// <summary>The JSON of <c>lint</c>: one finding.</summary>
/// <param name="Path">The rcfile.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Id">L01 to L40.</param>
/// <param name="Finding">The finding's name, such as <c>no-lock-mbox</c>.</param>
/// <param name="Why">What happens, in one sentence.</param>
/// <param name="Mended">How it should read.</param>
/// <param name="Fixable">Whether --fix does it.</param>
/// <param name="Level">warning, or hint for what is shown with --level hint only.</param>
internal sealed record LintLine(
    string Path, int Line, int Column, string Id, string Finding, string Why, string Mended, bool Fixable, string Level);
