namespace Backstop.Tests.Growth;

/// <summary>Nothing that reads text from outside costs more than linear time. The worst inputs known stand in the tables beside this file.</summary>
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

    [Theory]
    [MemberData(nameof(Inputs), DisableDiscoveryEnumeration = true)]
    public void Doubling_the_input_costs_at_most_two_and_a_half_times(string scanner, WorstInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var scan = _scanners.First(s => s.Name == scanner).Scan;
        var doubling = GrowthMeter.Doubling(input, text => Read(scan, text));
        Assert.True(doubling <= GrowthMeter.MostPerDoubling, $"{scanner}: doubling {input} costs {doubling:F1} times");
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
