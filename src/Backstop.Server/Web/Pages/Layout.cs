namespace Backstop.Server.Web.Pages;

/// <summary>The parts that all pages share.</summary>
/// <param name="Host">The name of this host.</param>
/// <param name="HasLogin">Whether there is a login, and so a button to log out.</param>
/// <param name="Token">The hidden field against forged requests.</param>
internal sealed record Frame(string Host, bool HasLogin, Markup Token)
{
    private static readonly (string Path, string Name)[] _pages = [
        ("/", "Overview"), ("/storms", "Storms"), ("/messages", "Messages"), ("/queue", "Queue"), ("/actions", "Actions")];

    /// <summary>Returns a whole page.</summary>
    /// <param name="title">The page's title.</param>
    /// <param name="path">The entry of the navigation that it belongs to.</param>
    /// <param name="body">The content.</param>
    /// <param name="scripts">Scripts in addition to the site's own.</param>
    public Markup Page(string title, string path, Markup body, params IEnumerable<string> scripts)
    {
        var page = new Markup();
        page.Add(
            $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
                + $"initial-scale=1\"><title>{title} - Backstop {Host}</title>")
            .Add($"<link rel=\"icon\" href=\"{Assets.Url("icon.svg")}\"><link rel=\"stylesheet\" href=\"{Assets.Url("app.css")}\">");
        foreach (var script in scripts)
        {
            page.Add(
                Path.GetExtension(script) == ".css" ? new Markup().Add(
                    $"<link rel=\"stylesheet\" href=\"{Assets.Url(script)}\">") : new Markup().Add(
                        $"<script src=\"{Assets.Url(script)}\" defer></script>"));
        }

        page.Add(
            $"<script src=\"{Assets.Url("app.js")}\" defer></script></head><body><a class=\"skip\" href=\"#main\">To the "
                + $"content</a><header class=\"site\"><div><strong>Backstop</strong><nav aria-label=\"Pages\"><ul>")
            .Each(_pages, (m, p) => m.Add($"<li><a href=\"{p.Path}\"{Current(p.Path == path)}>{p.Name}</a></li>"))
            .Add($"</ul></nav>");
        if (HasLogin)
        {
            page.Add($"<form method=\"post\" action=\"/logout\">{Token}<button class=\"quiet\">Log out</button></form>");
        }

        return page.Add($"</div></header><main id=\"main\"><h1>{title}</h1>{body}</main></body></html>");
    }

    private static Markup Current(bool isCurrent) => isCurrent ? new Markup().Add($" aria-current=\"page\"") : new Markup();
}
