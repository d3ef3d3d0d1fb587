using Backstop.Backscatter;
using Backstop.Judging;
using Backstop.Server.Receiving;

namespace Backstop.Server.Way;

/// <summary>A message under way: its transaction, and the end that it goes to.</summary>
/// <param name="transaction">The transaction.</param>
/// <param name="end">The end; given up with the passage.</param>
/// <typeparam name="TMessage">What the end takes.</typeparam>
internal sealed class Passage<TMessage>(Transaction transaction, IEnd<TMessage> end) : IDisposable
    where TMessage : IReceived
{
    /// <summary>The transaction.</summary>
    public Transaction Transaction => transaction;

    /// <summary>Its end.</summary>
    public IEnd<TMessage> End => end;

    /// <summary>Why a recipient would have been refused, where nothing may be; null for none.</summary>
    public Reason? Doubt { get; set; }

    /// <summary>The transaction is over, or given up.</summary>
    public void Dispose() => end.Drop();
}
