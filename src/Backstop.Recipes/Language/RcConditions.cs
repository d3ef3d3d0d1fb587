namespace Backstop.Recipes.Language;

/// <summary>A condition, parsed once where the rcfile is read (procmailrc(5), "Conditions").</summary>
/// <param name="Source">As written, without its star.</param>
/// <param name="Prefix">What stands before the test; before the dollar, where the test is an <see cref="RcExpansion"/>.</param>
/// <param name="Test">What is tested.</param>
/// <param name="TestAt">Where the test begins in the text of <paramref name="Source"/>.</param>
public sealed record RcCondition(RcText Source, RcPrefix Prefix, RcTest Test, int TestAt)
{
    /// <summary>The same, read through a dollar: what the rcfile shows without the value of any variable.</summary>
    public RcCondition Written => Test is RcExpansion expansion ? expansion.Written : this;
}

/// <summary>What may stand before a test, in any order.</summary>
/// <param name="IsNegated"><c>!</c>, an odd number of times.</param>
/// <param name="Weight"><c>w^x</c>, or null where the condition has no score.</param>
/// <param name="Area"><c>B ??</c> or <c>NAME ??</c>, the last one; null for what the recipe's flags say.</param>
public readonly record struct RcPrefix(bool IsNegated, RcWeight? Weight, RcArea? Area);

/// <summary><c>w^x</c> (procmailsc(5)): the first match adds w, each one after it x times what the one before did.</summary>
/// <param name="Base">w.</param>
/// <param name="Factor">x.</param>
public readonly record struct RcWeight(double Base, double Factor);

/// <summary>What a test looks at: parts of the message, or a variable.</summary>
/// <param name="Parts">Header, Body or both; None where it is a variable.</param>
/// <param name="Variable">The variable's name, or null.</param>
public sealed record RcArea(RcFlags Parts, string? Variable);

/// <summary>What a condition tests.</summary>
public abstract record RcTest
{
    private protected RcTest()
    {
    }
}

/// <summary>Whether a regular expression matches.</summary>
/// <param name="Pattern">The expression; a backslash that begins the test is not part of it.</param>
public sealed record RcRegexTest(string Pattern) : RcTest;

/// <summary><c>? command</c>: whether a program succeeds.</summary>
/// <param name="Command">Behind the question mark, as written.</param>
public sealed record RcProgramTest(string Command) : RcTest;

/// <summary><c>&lt; limit</c> or <c>&gt; limit</c>: whether the size is below or above a limit.</summary>
/// <param name="IsLarger">Whether it is <c>&gt;</c>.</param>
/// <param name="Limit">As written: variables and quotes are read when it is asked.</param>
public sealed record RcSizeTest(bool IsLarger, string Limit) : RcTest;

/// <summary><c>$</c>: variables are put in, and what comes out is parsed as the rest of the condition.</summary>
/// <param name="Raw">Behind the dollar, as written.</param>
/// <param name="Written">The whole condition as far as it can be told from what is written; its test is never an expansion.</param>
public sealed record RcExpansion(string Raw, RcCondition Written) : RcTest;

/// <summary>Behind a dollar: what the value of a variable or the output of a command decides.</summary>
/// <param name="Text">As written.</param>
public sealed record RcUnknownTest(string Text) : RcTest;
