using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.Posix;
using Backstop.Server.Guard;
using Backstop.Server.Options;
using Backstop.Server.Spam.Filters;
using Backstop.Server.Web;
using Tomlyn.Parsing;

namespace Backstop.Server.Config;

/// <summary>Reads a configuration file: all errors at once, each with line and column.</summary>
public static class ConfigFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The options, and what is wrong with them; use them only where nothing is.</returns>
    public static (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) Read(string path) => Parse(File.ReadAllText(path), path);

    /// <summary>Reads text.</summary>
    /// <param name="text">TOML.</param>
    /// <param name="file">The name to show in errors.</param>
    public static (BackstopOptions Options, IReadOnlyList<ConfigError> Errors) Parse(string text, string file)
    {
        var options = new BackstopOptions();
        var binder = new ConfigBinder(file);
        var document = SyntaxParser.Parse(text, file, validate: true);
        foreach (var problem in document.Diagnostics)
        {
            binder.Errors.Add(new(file, problem.Span.Start.Line + 1, problem.Span.Start.Column + 1, problem.Message));
        }

        if (!document.HasErrors)
        {
            binder.Bind(document, options);
            Check(options, binder);
        }

        return (options, [.. binder.Errors.OrderBy(e => e.Line).ThenBy(e => e.Column)]);
    }

    // What no single value shows.
    private static void Check(BackstopOptions options, ConfigBinder binder)
    {
        var isHelper = options.Listen.ServesSpamd || options.Listen.GuardsServer || (options.Classify.IsOn && options.Listen.Web.Count > 0);
        var wantsMailboxes = options.Listen.ReceivesMail || !isHelper;
        if (options.Domains.Count == 0 && (wantsMailboxes || options.Listen.GuardsServer))
        {
            binder.AddAt("domains", "domains: wants at least one domain, such as domains = [\"example.org\"]");
        }

        if (options.Mailboxes.Count == 0 && wantsMailboxes)
        {
            binder.AddAt("mailboxes", "mailboxes: wants at least one, such as [mailboxes.\"me@example.org\"]");
        }

        if (!options.Listen.ReceivesMail && !isHelper)
        {
            binder.AddAt("listen", "listen: nothing to listen on; such as listen.smtp = \"0.0.0.0:25\"");
        }

        foreach (var domain in options.Domains.Where(d => !MailAddress.IsDomain(d)))
        {
            binder.AddAt("domains", $"domains: \"{domain}\" is not a domain");
        }

        CheckFolder("spam.folder", options.Spam.Folder, binder);

        if (FilterChoice.Error(options.Spam.Filter) is { } wrong)
        {
            binder.AddAt("spam.filter", $"spam.filter: {wrong}");
        }

        if (options.Spam.Clamd.Length > 0 && PeerSocket.Parse(options.Spam.Clamd) is null)
        {
            binder.AddAt("spam.clamd", $"spam.clamd: \"{options.Spam.Clamd}\" is neither host:port nor the path of a socket");
        }

        if (options.Listen.SpamdTls.Count > 0 && !options.Tls.Enabled)
        {
            binder.AddAt("listen.spamd_tls", "listen.spamd_tls: needs tls.enabled = true");
        }

        CheckOwnFields(options.Backscatter, binder);
        CheckFolder("storm.folder", options.Storm.Folder, binder);
        CheckUsers(options, binder);
        CheckWeb(options, binder);
        CheckClassify(options, binder);
        CheckAlert(options.Alert, binder);
        if (options.Telemetry.Otlp.Length > 0 && !IsHttp(options.Telemetry.Otlp))
        {
            binder.AddAt("telemetry.otlp", $"telemetry.otlp: \"{options.Telemetry.Otlp}\" is no http:// or https:// address");
        }

        CheckRelay(options.Listen.SmtpProxy.Count > 0, "smtp", options.Relay.SmtpTo, binder);
        CheckRelay(options.Listen.LmtpProxy.Count > 0 || options.Listen.LmtpProxySocket.Length > 0, "lmtp", options.Relay.LmtpTo, binder);
        CheckAddresses(options, binder);
        CheckFiles(options, binder);
    }

    private static void CheckFolder(string key, string folder, ConfigBinder binder)
    {
        if (folder.Length == 0 || folder.AsSpan().ContainsAny("/\0") || folder.StartsWith('.'))
        {
            binder.AddAt(key, $"{key}: \"{folder}\" is no name of a folder");
        }
    }

    private static void CheckOwnFields(BackscatterOptions backscatter, ConfigBinder binder)
    {
        foreach (var text in backscatter.OwnFields)
        {
            if (!OwnField.TryParse(text, out _, out var wrong))
            {
                binder.AddAt("backscatter.own_fields", $"backscatter.own_fields: {wrong}");
            }
        }
    }

    private static void CheckUsers(BackstopOptions options, ConfigBinder binder)
    {
        foreach (var user in options.Guard.Users.Where(u => LocalPeers.NumberOf(u) is null))
        {
            binder.AddAt("guard.users", $"guard.users: no user \"{user}\" on this host");
        }

        if (options.Listen.SocketOwner.Length > 0 && LocalPeers.NumberOf(options.Listen.SocketOwner) is null)
        {
            binder.AddAt("listen.socket_owner", $"listen.socket_owner: no user \"{options.Listen.SocketOwner}\" on this host");
        }

        if (options.Listen.SocketGroup.Length > 0 && GroupAccount.Find(options.Listen.SocketGroup) is null)
        {
            binder.AddAt("listen.socket_group", $"listen.socket_group: no group \"{options.Listen.SocketGroup}\" on this host");
        }
    }

    private static void CheckWeb(BackstopOptions options, ConfigBinder binder)
    {
        if (options.Web.Password.Length > 0 && !PasswordHash.Is(options.Web.Password))
        {
            binder.AddAt("web.password", "web.password: wants the hash that backstop config password prints, not the password");
        }

        if (options.Web.Password.Length == 0 && options.Listen.Web.FirstOrDefault(e => !System.Net.IPAddress.IsLoopback(e.Address)) is { } open)
        {
            binder.AddAt("listen.web", $"listen.web: {open} can be reached from elsewhere: set web.password (backstop config password makes it)");
        }
    }

    private static void CheckClassify(BackstopOptions options, ConfigBinder binder)
    {
        foreach (var (key, message) in ClassifyTokens.Errors(options.Classify))
        {
            binder.AddAt(key, $"{key}: {message}");
        }

        if (options.Classify.IsOn && options.Listen.Web.Count == 0)
        {
            binder.AddAt("classify", "classify: is asked at listen.web, which is not set; such as listen.web = \"127.0.0.1:8025\"");
        }
    }

    private static bool IsHttp(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    private static void CheckAlert(AlertOptions alert, ConfigBinder binder)
    {
        if (alert.Webhook.Length > 0 && !IsHttp(alert.Webhook))
        {
            binder.AddAt("alert.webhook", $"alert.webhook: \"{alert.Webhook}\" is no http:// or https:// address");
        }

        if (alert.Command.Length > 0 && !(Path.IsPathRooted(alert.Command) && File.Exists(alert.Command)))
        {
            binder.AddAt("alert.command", $"alert.command: wants the absolute path of a program; {alert.Command} is none");
        }

        if (alert.MailTo.Length > 0 && MailAddress.TryParse(alert.MailTo) is null)
        {
            binder.AddAt("alert.mail_to", $"alert.mail_to: \"{alert.MailTo}\" is not an address");
        }

        if (PeerSocket.Parse(alert.MailVia) is null)
        {
            binder.AddAt("alert.mail_via", $"alert.mail_via: \"{alert.MailVia}\" is neither host:port nor the path of a socket");
        }
    }

    private static void CheckRelay(bool isWanted, string protocol, string to, ConfigBinder binder)
    {
        if (isWanted && PeerSocket.Parse(to) is null)
        {
            binder.AddAt($"relay.{protocol}_to", $"relay.{protocol}_to: wants where listen.{protocol}_proxy hands mail on to: host:port or the path of a socket");
        }
    }

    private static void CheckAddresses(BackstopOptions options, ConfigBinder binder)
    {
        var domains = options.Domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (address, mailbox) in options.Mailboxes)
        {
            var path = $"mailboxes.{address}";
            CheckAddress(address, path);
            if (mailbox.Recipes.Length > 0 && !File.Exists(mailbox.Recipes))
            {
                binder.AddAt(path + ".recipes", $"{path}.recipes: {mailbox.Recipes} is not there");
            }

            foreach (var alias in mailbox.Aliases)
            {
                CheckAddress(alias.StartsWith('@') ? "any" + alias : alias, path + ".aliases", alias);
            }
        }

        foreach (var address in options.Batv.AlwaysSigned)
        {
            if (MailAddress.TryParse(address) is null)
            {
                binder.AddAt("batv.always_signed", $"batv.always_signed: \"{address}\" is not an address");
            }
        }

        foreach (var to in options.Outbound.UnsignedTo.Where(t => MailAddress.TryParse(t) is null && !MailAddress.IsDomain(t.TrimStart('@'))))
        {
            binder.AddAt("outbound.unsigned_to", $"outbound.unsigned_to: \"{to}\" is neither an address nor a domain");
        }

        if (options.Postmaster.Length > 0 && !options.Mailboxes.ContainsKey(options.Postmaster))
        {
            binder.AddAt("postmaster", $"postmaster: \"{options.Postmaster}\" is none of the mailboxes");
        }

        void CheckAddress(string text, string path, string? shown = null)
        {
            shown ??= text;
            if (MailAddress.TryParse(text) is not { } address)
            {
                binder.AddAt(path, $"{path}: \"{shown}\" is not an address");
            }
            else if (!domains.Contains(MailAddress.DomainKey(address.Domain)))
            {
                binder.AddAt(path, $"{path}: \"{shown}\" is in none of the domains");
            }
            else if (!taken.TryAdd(shown.StartsWith('@') ? shown.ToLowerInvariant() : address.Key, path))
            {
                binder.AddAt(path, $"{path}: \"{shown}\" is taken by {taken[shown.StartsWith('@') ? shown.ToLowerInvariant() : address.Key]}");
            }
        }
    }

    private static void CheckFiles(BackstopOptions options, ConfigBinder binder)
    {
        foreach (var (key, path) in new[] { ("tls.certificate", options.Tls.Certificate), ("tls.key", options.Tls.Key), ("batv.keys", options.Batv.Keys), ("srs.secrets", options.Srs.Secrets) })
        {
            if (path.Length > 0 && !File.Exists(path))
            {
                binder.AddAt(key, $"{key}: no such file: {path}");
            }
        }

        foreach (var path in options.Spam.Rules.Where(p => !Path.Exists(p)))
        {
            binder.AddAt("spam.rules", $"spam.rules: no such file or folder: {path}");
        }

        foreach (var (name, key) in options.Dkim)
        {
            CheckDkim(name, key.File, binder);
        }
    }

    private static void CheckDkim(string name, string file, ConfigBinder binder)
    {
        var path = $"dkim.{name}";
        if (file.Length == 0)
        {
            return;
        }

        if (!File.Exists(file))
        {
            binder.AddAt(path, $"{path}: no such file: {file}");
            return;
        }

        try
        {
            using var handle = RegularFile.Open(file, followLinks: true);
            using var text = new StreamReader(new FileStream(handle, FileAccess.Read));
            DkimKey.Parse(name, text.ReadToEnd());
        }
        catch (FormatException error)
        {
            binder.AddAt(path, $"{path}: {file}: {error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            binder.AddAt(path, $"{path}: cannot be read: {error.Message}");
        }
    }
}
