using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>
/// Decides whether a run must wait because its mailbox has sent on as many mails as it may. It decides before anything of the run can be
/// seen outside: a run that waits begins anew, and would do that a second time. A run that has acted goes on to its end, and what it sends
/// is counted.
/// </summary>
internal sealed class RecipeBudget(
    RecipeState state, IRecipeHost host, RecipeOptions options, RecipeFrames frames, Queue<string> rcFiles, RecipeBudget? outer)
{
    private const string Spent = "this mailbox has sent on as many mails as it may in an hour (recipes.max_forwards)";

    private readonly RecipeGuard _guard = new(state, host);

    /// <summary>Whether forwards and answers are limited at all.</summary>
    public bool IsOn => !options.IsStrict && _guard.IsOn;

    /// <summary>Call this before a mail is sent.</summary>
    /// <param name="shown">The command, as the log names it.</param>
    /// <exception cref="RecipeDeferredException">It must wait, and all of the run with it.</exception>
    public void BeforeSending(string shown)
    {
        if (!host.HasActed && !host.MayForward())
        {
            throw new RecipeDeferredException($"\"{shown}\" must wait: {Spent}");
        }
    }

    /// <summary>Call this before anything that cannot be undone.</summary>
    /// <param name="shown">The action, as the log names it.</param>
    /// <param name="endsRun">Whether nothing more of this run follows.</param>
    /// <exception cref="RecipeDeferredException">What follows may have to wait, and so must this.</exception>
    public void BeforeActing(string shown, bool endsRun = false)
    {
        if (IsOn && !host.HasActed && !host.MayForward() && MaySend(withCurrent: true, endsRun))
        {
            throw new RecipeDeferredException($"\"{shown}\" must wait for what may follow: {Spent}");
        }
    }

    // What runs in a block with flag c is followed by the rest of the run that it is a copy of.
    private bool MaySend(bool withCurrent, bool endsRun) =>
        (!endsRun && (rcFiles.Count > 0 || frames.Ahead(withCurrent).Any(MaySend)))
        || outer?.MaySend(withCurrent: false, endsRun: false) == true;

    // What is in another file is not known before it is read.
    private static bool MaySend(RcStatement statement) => statement switch
    {
        RcAssignment assignment => assignment.Name is "INCLUDERC" or "SWITCHRC",
        RcRecipe { Action: RcForwardAction } => true,
        RcRecipe { Action: RcPipeAction { Variable: null } pipe } recipe =>
            !recipe.Has(RcFlags.Filter) && RecipeGuard.SendsMail(pipe.Command.Text),
        RcRecipe { Action: RcBlockAction block } => block.Statements.Any(MaySend),
        _ => false,
    };
}
