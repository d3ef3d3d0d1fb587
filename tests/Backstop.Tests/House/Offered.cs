namespace Backstop.Tests.House;

// What PublicApiTests reads to show that no part of a signature is passed over.
internal delegate string? OfferedCall(int count, CancellationToken ct);

[Flags]
internal enum OfferedFlags : byte
{
    None = 0,
    Some = 2,
}

internal abstract class OfferedBase<T>
    where T : class, new()
{
    public const string Word = "a \"b\"";

    protected OfferedBase(T first, string? second = null, int third = -1) => _ = (first, second, third);

    public event EventHandler? Changed;

    public abstract IReadOnlyList<string?> Names { get; protected set; }

    public static (int Count, string? Last) Take(ref int at, out string? last, in long from, params string[] rest)
    {
        last = null;
        return (rest.Length + at + (int)from, last);
    }

    public virtual TOther? Find<TOther>(ReadOnlySpan<byte> key)
        where TOther : struct, IComparable<TOther>
    {
        Changed?.Invoke(this, EventArgs.Empty);
        return null;
    }

    internal static void IsNotOffered()
    {
    }

    private protected static void IsNotOfferedEither()
    {
    }
}

internal static class OfferedExtensions
{
    public static bool Is(this string text, StringComparison how = StringComparison.Ordinal) => text.Equals("is", how);
}

internal readonly record struct OfferedValue(int? Number)
{
    public string this[int at, string name] => name[at..];

    public override string ToString() => "";
}
