namespace Backstop.Mail;

/// <summary>
/// Thrown when a message has used up its CPU budget; ends the work in progress. See <see cref="MessageBudget"/>.
/// </summary>
public sealed class BudgetSpentException() : Exception("The CPU budget of the message is used up.");
