namespace Backstop.Tests.Growth;

/// <summary>
/// Nothing that reads text from outside costs more than linear time. The worst inputs known stand in the tables beside this file.
/// </summary>
public sealed class GrowthTests
{
    private static readonly Scanner[] _scanners = [.. HeaderGrowth.All, .. BodyGrowth.All, .. WireGrowth.All];

    public static TheoryData<string, WorstInput> Inputs
    {
        get
        {
            var inputs = new TheoryData<string, WorstInput>();
            foreach (var (scanner, input) in _scanners.SelectMany(s => s.Worst.Select(w => (s.Name, w))))
            {
                inputs.Add(scanner, input);
            }

            return inputs;
        }
    }

    /// <summary>What a quadratic scanner cannot pass and a linear one cannot fail, whatever else the machine does.</summary>
    [Theory]
    [Trait("run", "full")]
    [MemberData(nameof(Inputs), DisableDiscoveryEnumeration = true)]
    public void No_scanner_is_quadratic(string scanner, WorstInput input) => Grows(scanner, input, GrowthMeter.NotQuadratic);

    /// <summary>The floor itself needs a quiet machine: bench/growth.sh asks for it.</summary>
    [Theory(Explicit = true)]
    [MemberData(nameof(Inputs), DisableDiscoveryEnumeration = true)]
    public void Doubling_the_input_costs_at_most_two_and_a_half_times(string scanner, WorstInput input) =>
        Grows(scanner, input, GrowthMeter.MostPerDoubling);

    private static void Grows(string scanner, WorstInput input, double most)
    {
        ArgumentNullException.ThrowIfNull(input);
        var scan = _scanners.First(s => s.Name == scanner).Scan;
        var doubling = GrowthMeter.Doubling(input, text => Read(scan, text), most);
        Assert.True(doubling <= most, $"{scanner}: doubling {input} costs {doubling:F1} times");
    }

    // A refusal is an answer too.
    private static void Read(Action<byte[]> scan, byte[] text)
    {
        try
        {
            scan(text);
        }
        catch (FormatException)
        {
        }
    }
}
