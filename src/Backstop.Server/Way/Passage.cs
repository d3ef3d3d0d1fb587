using Backstop.Backscatter;
using Backstop.Judging;
using Backstop.Server.Receiving;

namespace Backstop.Server.Way;

/// <summary>A message on its way through the pipeline: its transaction and its end.</summary>
/// <param name="transaction">The client, the sender and the recipients.</param>
/// <param name="end">The end, given up with the passage.</param>
/// <typeparam name="TMessage">The type of message that the end takes.</typeparam>
internal sealed class Passage<TMessage>(Transaction transaction, IEnd<TMessage> end) : IDisposable
    where TMessage : IReceived
{
    public Transaction Transaction => transaction;

    public IEnd<TMessage> End => end;

    /// <summary>Why a recipient would have been refused, where nothing may be refused; null for none.</summary>
    public Reason? Doubt { get; set; }

    /// <summary>Ends or gives up the transaction.</summary>
    public void Dispose() => end.Drop();
}
