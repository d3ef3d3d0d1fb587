using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Evals;

/// <summary>A function that rules call by name; returns whether the rule hits on the message.</summary>
internal delegate bool EvalFunction(MessageScan scan, EvalArguments arguments);

/// <summary>The arguments of a call, as the rule wrote them.</summary>
internal readonly record struct EvalArguments(string Rule, IReadOnlyList<string> Values)
{
    public string? this[int index] => index < Values.Count ? Values[index] : null;

    /// <summary>An argument as a number; null if it is absent or not a number, such as <c>undef</c>.</summary>
    public double? Number(int index) =>
        double.TryParse(
            this[index], System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>Whether the value is at least the first number and below the second.</summary>
    public bool HoldsBelow(double value, int min, int max) =>
        value >= (Number(min) ?? double.MinValue) && value < (Number(max) ?? double.MaxValue);

    /// <summary>Whether the value is above the first number and at most the second.</summary>
    public bool HoldsAbove(double value, int min, int max) =>
        value > (Number(min) ?? double.MinValue) && value <= (Number(max) ?? double.MaxValue);
}

/// <summary>Every function there is, by its name. The families are SpamAssassin's plugins.</summary>
internal sealed class EvalTable
{
    private readonly Dictionary<string, EvalFunction> _functions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _notLoaded = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _functions.Keys;

    /// <summary>The functions that every site has, and those of the optional plugins that are loaded.</summary>
    /// <param name="loaded">Null: every plugin is loaded.</param>
    public static EvalTable Standard(LoadedPlugins? loaded = null)
    {
        var table = new EvalTable();
        HeaderEvals.Register(table);
        DateEvals.Register(table);
        ForgeryEvals.Register(table);
        RecipientEvals.Register(table);
        HtmlEvals.Register(table);
        MimeEvals.Register(table);
        BodyEvals.Register(table);
        RelayEvals.Register(table);
        FreemailEvals.Register(table);
        ListEvals.Register(table);
        BounceEvals.Register(table);
        UriEvals.Register(table);
        ImageEvals.Register(table);
        AttachmentEvals.Register(table);
        ExternalEvals.Register(table);
        table.AddPlugin("FromNameSpoof", FromNameEvals.Register, loaded);
        table.AddPlugin("PDFInfo", PdfEvals.Register, loaded);
        table.AddPlugin("Phishing", LinkEvals.RegisterPhishing, loaded);
        table.AddPlugin("DecodeShortURLs", LinkEvals.RegisterShort, loaded);
        table.AddPlugin("URILocalBL", LinkEvals.RegisterLocal, loaded);
        table.AddPlugin("OLEVBMacro", OfficeEvals.Register, loaded);
        table.AddPlugin("TextCat", LanguageEvals.Register, loaded);
        return table;
    }

    /// <summary>Why <see cref="Find"/> returns null for this name, as a sentence for the administrator.</summary>
    public string WhyMissing(string name) => _notLoaded.TryGetValue(name, out var plugin)
        ? $"function {name}: plugin {plugin} is not loaded"
        : $"function {name} is not implemented";

    public EvalFunction? Find(string name) => _functions.GetValueOrDefault(name);

    public void Add(string name, EvalFunction function) => _functions.Add(name, function);

    /// <summary>A function under two names: SpamAssassin 4 renamed its lists.</summary>
    public void Add(string name, string olderName, EvalFunction function)
    {
        Add(name, function);
        Add(olderName, function);
    }

    private void AddPlugin(string plugin, Action<EvalTable> register, LoadedPlugins? loaded)
    {
        if (loaded is null || loaded.HasShort(plugin))
        {
            register(this);
            return;
        }

        var table = new EvalTable();
        register(table);
        foreach (var name in table.Names)
        {
            _notLoaded[name] = plugin;
        }
    }
}
