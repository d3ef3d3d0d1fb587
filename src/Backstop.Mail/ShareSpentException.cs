namespace Backstop.Mail;

/// <summary>Thrown when work of one kind has used up its share of a message's budget. Only <see cref="BudgetShare"/> catches it.</summary>
internal sealed class ShareSpentException() : Exception("The share of the message's budget is used up.");
