namespace Backstop.SpamRules.Patterns;

/// <summary>A pattern used up the steps that it, or its message, may take: whether it matches is not known.</summary>
internal sealed class StepsSpentException() : Exception("the pattern used up its steps");
