namespace Backstop.Mail;

/// <summary>The budget of a message is used up: what looks at it gives up. See <see cref="MessageBudget"/>.</summary>
public sealed class BudgetSpentException() : Exception("The CPU budget of the message is used up.");
