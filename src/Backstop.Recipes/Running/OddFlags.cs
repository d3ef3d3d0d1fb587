using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>
/// Takes the flags and locks away that mean nothing where they stand, and says so, as procmail 3.22 does: also of recipes whose
/// conditions do not hold, and of the recipes within them.
/// </summary>
internal sealed class OddFlags(RecipeLog log)
{
    /// <summary>
    /// Set beside <see cref="RcFlags.WaitQuietly"/> if a lock requires the wait and no letter asked for it: failures are then logged.
    /// </summary>
    public const RcFlags WaitsByLock = (RcFlags)(1 << 15);

    private const RcFlags Waits = RcFlags.Wait | RcFlags.WaitQuietly;

    private static readonly (RcFlags Flag, string Name)[] _ofBlocks =
    [
        (RcFlags.FeedBody, "deliver-body flag"), (RcFlags.FeedHeader, "deliver-head flag"),
        (RcFlags.IgnoreWriteErrors, "ignore-write-error flag"), (RcFlags.Raw, "raw-mode flag"),
    ];

    /// <summary>A recipe without the flags that another of its flags excludes: E and a beside e.</summary>
    public RcRecipe Settle(RcRecipe recipe)
    {
        if (!recipe.Has(RcFlags.OnError))
        {
            return recipe;
        }

        return Without(Without(recipe, RcFlags.Else, "else-if-flag"), RcFlags.AlsoIfSuccess, "also-if-succeeded-flag");

        RcRecipe Without(RcRecipe settled, RcFlags flag, string name)
        {
            if (!settled.Has(flag))
            {
                return settled;
            }

            log.Say($"Conflicting {name} suppressed");
            return settled with { Flags = settled.Flags & ~flag };
        }
    }

    /// <summary>
    /// A recipe with the flags that its action accepts. Only a program can filter: with flag f a folder gets the whole message, once. A
    /// program that runs under a lock is waited for, as with W.
    /// </summary>
    /// <param name="recipe">A recipe after <see cref="Settle"/>.</param>
    /// <param name="executes">Whether its conditions hold.</param>
    public RcRecipe SettleAction(RcRecipe recipe, bool executes)
    {
        if (recipe.Has(RcFlags.Filter) && recipe.Action is RcFolderAction or RcBlockAction or RcPipeAction { Variable: not null })
        {
            Say("filter-flag");
            var others = recipe.Action is RcFolderAction ? RcFlags.FeedHeader | RcFlags.FeedBody : RcFlags.None;
            recipe = recipe with { Flags = recipe.Flags & ~(RcFlags.Filter | others) };
        }

        if (recipe.Action is RcBlockAction block)
        {
            SayOfBlock(recipe);
            if (!executes)
            {
                Pass(block.Statements);
            }
        }
        else if (executes && recipe.Has(RcFlags.Copy)
            && (recipe.Action is RcPipeAction { Variable: not null } || (recipe.Action is RcPipeAction && recipe.Has(RcFlags.Filter))))
        {
            Say("copy-flag");
        }

        var isWaited = recipe.Lock is not null && !recipe.Has(Waits) && recipe.Action is not RcFolderAction;
        return isWaited ? recipe with { Flags = recipe.Flags | RcFlags.WaitQuietly | WaitsByLock } : recipe;
    }

    private void SayOfBlock(RcRecipe recipe)
    {
        if (recipe.Lock is not null && !recipe.Has(RcFlags.Copy))
        {
            Say("locallockfile");
        }

        foreach (var (flag, name) in _ofBlocks)
        {
            if (recipe.Has(flag))
            {
                Say(name);
            }
        }
    }

    // What is passed over is still read, as procmail does.
    private void Pass(IReadOnlyList<RcStatement> statements)
    {
        foreach (var statement in statements)
        {
            if (statement is RcSkipped skipped)
            {
                log.SaySkipped(skipped.Text);
            }
            else if (statement is RcRecipe recipe)
            {
                foreach (var text in recipe.Skipped)
                {
                    log.SaySkipped(text.Text);
                }

                SettleAction(Settle(recipe), executes: false);
            }
        }
    }

    private void Say(string what) => log.Say($"Extraneous {what} ignored");
}
