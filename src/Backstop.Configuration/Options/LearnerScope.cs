namespace Backstop.Configuration.Options;

/// <summary>Whose mail one learner learns from.</summary>
internal enum LearnerScope
{
    /// <summary>All mail of the site.</summary>
    Site,

    /// <summary>That of a user.</summary>
    User,

    /// <summary>That of the users of a domain.</summary>
    Domain,
}
