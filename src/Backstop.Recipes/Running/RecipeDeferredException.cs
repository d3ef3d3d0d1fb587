namespace Backstop.Recipes.Running;

/// <summary>An action may not be carried out now: the whole message is tried again later.</summary>
internal sealed class RecipeDeferredException(string message) : Exception(message);
