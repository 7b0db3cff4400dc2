using Xunit.Abstractions;

namespace ImageFabric.Store.Tests.Weather;

/// <summary>
/// Seeded schedules of faults, kills and concurrent work on one store. <c>tests/weather.sh</c> runs more of them, or one again:
/// <c>IMAGEFABRIC_WEATHER_COUNT</c> schedules from <c>IMAGEFABRIC_WEATHER_SEED</c> on.
/// </summary>
public sealed class WeatherTests(ITestOutputHelper log)
{
    private const int UsualCount = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Whatever_the_weather_what_is_visible_is_whole_and_nothing_is_left_behind()
    {
        int count = Number("IMAGEFABRIC_WEATHER_COUNT") ?? UsualCount;
        int first = Number("IMAGEFABRIC_WEATHER_SEED") ?? Random.Shared.Next(1_000_000_000);
        log.WriteLine($"IMAGEFABRIC_WEATHER_SEED={first} IMAGEFABRIC_WEATHER_COUNT={count}");
        var tally = new WeatherTally();
        string scratch = Directory.CreateTempSubdirectory("imagefabric-weather-").FullName;
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
            await Parallel.ForAsync(first, first + count, options, async (seed, _) => await RunAsync(seed, Directory.CreateDirectory(Path.Combine(scratch, $"{seed}")).FullName, tally));
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
            log.WriteLine(tally.ToString());
        }

        // Schedules in which nothing happens would prove nothing.
        if (count >= UsualCount)
        {
            foreach (string what in new[] { "publishes", "pulls", "removals", "kills", "objects marked", "objects deleted at the end", "images rewritten" })
                Assert.True(tally[what] > 0, $"There were no {what}.");
        }
    }

    private static async Task RunAsync(int seed, string scratch, WeatherTally tally)
    {
        await using var run = new WeatherRun(seed, scratch, tally);
        try
        {
            await run.RunAsync().WaitAsync(Limit);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"IMAGEFABRIC_WEATHER_SEED={seed} IMAGEFABRIC_WEATHER_COUNT=1: {failure.Message}\n{run.Story}", failure);
        }
    }

    private static int? Number(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? int.Parse(given) : null;
}
