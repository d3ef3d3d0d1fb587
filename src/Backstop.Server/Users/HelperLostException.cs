namespace Backstop.Server.Users;

/// <summary>A helper has ended, or was ended, in the middle of something: what it was asked for may be done or not.</summary>
internal sealed class HelperLostException(string message, Exception inner) : IOException(message, inner);
