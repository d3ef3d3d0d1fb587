using Backstop.Posix;

namespace Backstop.Server.Delivery;

/// <summary>
/// Lets no user have more than some recipes under way; the rest of his waits here. Called with the lock of the stage held.
/// </summary>
/// <param name="most">The most of one user.</param>
internal sealed class UserTurns(int most)
{
    private readonly Dictionary<UserAccount, int> _running = [];
    private readonly Dictionary<UserAccount, Queue<RecipeJob>[]> _waiting = [];

    /// <summary>Whether recipes may run now. Where they may not, <see cref="End"/> returns them once they may.</summary>
    public bool TryBegin(RecipeJob job)
    {
        if (job.Recipes.User is not { } user)
        {
            return true;
        }

        var running = _running.GetValueOrDefault(user);
        if (running < most)
        {
            _running[user] = running + 1;
            return true;
        }

        if (!_waiting.TryGetValue(user, out var waiting))
        {
            _waiting[user] = waiting = [new(), new()];
        }

        waiting[(int)job.Message.Lane].Enqueue(job);
        return false;
    }

    /// <summary>Notes the end of recipes that had begun.</summary>
    /// <returns>Recipes of the same user that may run now, real mail first; null for none.</returns>
    public RecipeJob? End(RecipeJob job)
    {
        if (job.Recipes.User is not { } user)
        {
            return null;
        }

        if (--_running[user] == 0)
        {
            _running.Remove(user);
        }

        return _waiting.TryGetValue(user, out var waiting)
            && (waiting[(int)Lane.Real].TryDequeue(out var next) || waiting[(int)Lane.Flood].TryDequeue(out next)) ? next : null;
    }
}
