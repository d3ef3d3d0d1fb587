namespace Backstop.Clean;

/// <summary>The names that mail programs give to folders, in several languages.</summary>
internal static class FolderNames
{
    private static readonly HashSet<string> _sent = new(StringComparer.OrdinalIgnoreCase)
    {
        "Sent", "Sent Items", "Sent Messages", "Sent Mail", "sent-mail", "sentmail", "Outbox",
        "Gesendet", "Gesendete Elemente", "Gesendete Objekte", "Envoyés", "Éléments envoyés",
        "Messages envoyés", "Enviados", "Elementos enviados", "Enviadas", "Itens enviados", "Posta inviata",
        "Inviata", "Inviati", "Verzonden", "Verzonden items", "Skickat",
        "Sendt", "Lähetetyt", "Wysłane", "Odeslaná pošta", "Отправленные", "送信済み", "送信済みアイテム", "已发送", "已发送邮件",
    };

    private static readonly HashSet<string> _private = new(StringComparer.OrdinalIgnoreCase)
    {
        "Drafts", "Draft", "Templates", "Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin",
        "Entwürfe", "Papierkorb", "Gelöschte Elemente", "Vorlagen",
        "Brouillons", "Corbeille", "Borradores", "Papelera", "Bozze", "Cestino", "Concepten", "Prullenbak", "Rascunhos", "Lixeira",
    };

    /// <summary>Whether a folder, or one that it lies in, holds sent mail.</summary>
    /// <param name="name">The folder's name with all its levels.</param>
    public static bool IsSent(string name) => Levels(name).Any(_sent.Contains);

    /// <summary>Whether a folder holds sent mail, drafts or deleted mail. Such a folder is not cleaned.</summary>
    /// <param name="name">The folder's name with all its levels.</param>
    public static bool IsPrivate(string name) => Levels(name).Any(_private.Contains);

    private static string[] Levels(string name) => name.Split('.', '/');
}
