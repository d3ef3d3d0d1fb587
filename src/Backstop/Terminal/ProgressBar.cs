using System.Globalization;
using Backstop.Clean;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Backstop.Terminal;

/// <summary>
/// Shows progress on a terminal's stderr: bar, rate, time left. Shows nothing where stderr is not a terminal.
/// </summary>
internal static class ProgressBar
{
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Shows the progress of <paramref name="work"/> until it ends.</summary>
    public static Task<T> WhileAsync<T>(Meter meter, TimeProvider time, Func<Task<T>> work) =>
        Console.IsErrorRedirected ? work() : ShowWhileAsync(meter, time, work);

    // In a method of its own, so that the terminal library is not loaded where nothing is shown.
    private static async Task<T> ShowWhileAsync<T>(Meter meter, TimeProvider time, Func<Task<T>> work)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress().AutoClear(true)
            .Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new RateColumn(meter),
            new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                // The work may block, so it runs on a thread of its own.
                var working = Task.Factory.StartNew(
                    work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
                var task = context.AddTask(meter.What);
                while (!working.IsCompleted)
                {
                    Show(task, meter);
                    await Task.WhenAny(working, Task.Delay(_tick, time, CancellationToken.None));
                }

                return await working;
            });
    }

    private static void Show(ProgressTask task, Meter meter)
    {
        task.Description = meter.What;
        task.IsIndeterminate = meter.Total == 0;
        task.MaxValue = Math.Max(1, meter.Total);
        task.Value = meter.Done;
    }

    /// <summary>Shows the rate, in messages or octets.</summary>
    private sealed class RateColumn(Meter meter) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            var done = meter.IsOctets
                ? string.Create(CultureInfo.InvariantCulture, $"{meter.Done / 1e6:F1}/{meter.Total / 1e6:F1} MB")
                : string.Create(CultureInfo.InvariantCulture, $"{meter.Done:N0}/{meter.Total:N0}");
            var rate = task.Speed is { } speed and > 0 ? meter.IsOctets ? string.Create(
                CultureInfo.InvariantCulture, $" {speed / 1e6:F1} MB/s")
                : string.Create(CultureInfo.InvariantCulture, $" {speed:N0}/s")
                : "";
            return new Text(done + rate);
        }
    }
}
