namespace Backstop.Server.Smtp;

/// <summary>
/// How long a client has left for what it is sending: one command line, or the data of a message. Octets of data add time at a rate;
/// octets of a command do not, so that one sent now and then does not keep a line open.
/// </summary>
/// <remarks>Time runs only while the session reads: a client that waits for us is not slow.</remarks>
/// <param name="time">The clock.</param>
internal sealed class SendingPace(TimeProvider time)
{
    private long _since;

    /// <summary>How long it has left.</summary>
    public TimeSpan Left { get; private set; }

    /// <summary>Begins a line, or the wait for the first data.</summary>
    /// <param name="limit">How long all of it may take.</param>
    public void Begin(TimeSpan limit) => Left = limit;

    /// <summary>Begins to wait for octets.</summary>
    /// <returns>How long to wait.</returns>
    public TimeSpan Wait()
    {
        _since = time.GetTimestamp();
        return Left;
    }

    /// <summary>Ends the wait for octets of a command.</summary>
    public void Came() => Left -= time.GetElapsedTime(_since);

    /// <summary>Ends the wait for octets of a message.</summary>
    /// <param name="octets">How many came.</param>
    /// <param name="rate">How many octets add a second; 0: any octet restores the full time.</param>
    /// <param name="most">The full time: how long a client may be silent.</param>
    public void Came(long octets, long rate, TimeSpan most)
    {
        Came();
        var bought = octets == 0 ? TimeSpan.Zero
            : rate == 0 ? most
            : TimeSpan.FromSeconds(Math.Min(most.TotalSeconds, (double)octets / rate));
        Left = Left + bought < most ? Left + bought : most;
    }
}
