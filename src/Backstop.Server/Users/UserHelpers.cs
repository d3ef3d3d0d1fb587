using Backstop.Posix;
using Backstop.Posix.Programs;

namespace Backstop.Server.Users;

/// <summary>
/// The helpers of all users: started when they are needed, kept for a while, and never more than there is room for. No user takes the
/// room of all others.
/// </summary>
internal sealed class UserHelpers : IDisposable
{
    // Some 50 MB each.
    private const int Most = 32;

    // Where so many are at work, a user who has a helper gets no further one.
    private const int Roomy = Most / 2;

    private static readonly TimeSpan _keep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _roomPatience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<string> _program;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly object _gate = new();
    private readonly List<UserHelper> _idle = [];
    private readonly Dictionary<int, int> _ofUser = [];
    private readonly HashSet<UserHelper> _busy = [];
    private int _count;
    private bool _isDisposed;

    /// <summary>Starts no helper yet.</summary>
    /// <param name="time">The clock.</param>
    public UserHelpers(TimeProvider time)
        : this(ThisProgram.Words(), time)
    {
    }

    internal UserHelpers(IReadOnlyList<string> program, TimeProvider time)
    {
        _program = program;
        _time = time;
        _timer = time.CreateTimer(_ => EndIdle(), null, _look, _look);
    }

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Asks a helper for something. It is kept where the work returns, and ended where it throws.</summary>
    /// <param name="account">Whose helper it is.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="work">Sends the request and receives the reply.</param>
    /// <exception cref="HelperLostException">The helper ended, broke the rules, or took too long: what became of the request is not
    /// known.</exception>
    /// <exception cref="IOException">No helper can be had; nothing was done.</exception>
    public T Ask<T>(UserAccount account, TimeSpan patience, Func<HelperWire, T> work)
    {
        var helper = Take(account);
        var isGood = false;
        try
        {
            helper.Wire.Begin(patience);
            var result = work(helper.Wire);
            isGood = true;
            return result;
        }
        catch (Exception error) when (
            error is IOException or TimeoutException or System.Text.Json.JsonException)
        {
            throw new HelperLostException($"the delivery helper of {account.Name}: {error.Message}", error);
        }
        finally
        {
            GiveBack(helper, isGood);
        }
    }

    /// <summary>Ends all helpers, whatever they do.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            _idle.ForEach(End);
            _idle.Clear();
            foreach (var helper in _busy)
            {
                // Whoever waits for it sees its end, and closes its pipes.
                helper.Kill();
            }

            Monitor.PulseAll(_gate);
        }
    }

    private UserHelper Take(UserAccount account)
    {
        lock (_gate)
        {
            var began = _time.GetTimestamp();
            while (true)
            {
                if (_isDisposed)
                {
                    throw new IOException("the server stops");
                }

                if (TakeIdle(account) is { } idle)
                {
                    return idle;
                }

                if (MakesRoom(account))
                {
                    break;
                }

                var left = _roomPatience - _time.GetElapsedTime(began);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left))
                {
                    throw new IOException($"no room for a delivery helper of {account.Name}: {_count} others are at work");
                }
            }

            _count++;
            _ofUser[account.User] = OfUser(account) + 1;
        }

        try
        {
            var helper = UserHelper.Start(_program, account, _time);
            lock (_gate)
            {
                _busy.Add(helper);
                if (_isDisposed)
                {
                    helper.Kill();
                }
            }

            return helper;
        }
        catch
        {
            lock (_gate)
            {
                Forget(account);
            }

            throw;
        }
    }

    private int OfUser(UserAccount account) => _ofUser.GetValueOrDefault(account.User);

    private UserHelper? TakeIdle(UserAccount account)
    {
        while (_idle.FindLast(h => h.Account == account) is { } helper)
        {
            _idle.Remove(helper);
            if (!helper.HasEnded)
            {
                _busy.Add(helper);
                return helper;
            }

            End(helper);
        }

        return null;
    }

    // An idle helper of somebody else, the longest idle first, makes room.
    private bool MakesRoom(UserAccount account)
    {
        if (OfUser(account) > 0 && _count - _idle.Count >= Roomy)
        {
            return false;
        }

        if (_count >= Most && _idle.Count > 0)
        {
            var oldest = _idle[0];
            _idle.RemoveAt(0);
            End(oldest);
        }

        return _count < Most;
    }

    private void GiveBack(UserHelper helper, bool isGood)
    {
        lock (_gate)
        {
            _busy.Remove(helper);
            if (isGood && !_isDisposed)
            {
                helper.LastUsed = _time.GetTimestamp();
                _idle.Add(helper);
            }
            else
            {
                End(helper);
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void EndIdle()
    {
        lock (_gate)
        {
            foreach (var helper in _idle.Where(h => _time.GetElapsedTime(h.LastUsed) >= _keep || h.HasEnded).ToList())
            {
                _idle.Remove(helper);
                End(helper);
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void End(UserHelper helper)
    {
        helper.Dispose();
        Forget(helper.Account);
    }

    private void Forget(UserAccount account)
    {
        _count--;
        if ((_ofUser[account.User] = OfUser(account) - 1) == 0)
        {
            _ofUser.Remove(account.User);
        }
    }
}
