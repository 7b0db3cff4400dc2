using System.Collections.Concurrent;

namespace ImageFabric.Store.Tests.Weather;

/// <summary>How often what happened in all schedules together.</summary>
internal sealed class WeatherTally
{
    private readonly ConcurrentDictionary<string, long> counts = new(StringComparer.Ordinal);

    public long this[string what] => counts.GetValueOrDefault(what);

    public void Add(string what, long count = 1)
    {
        if (count > 0)
            counts.AddOrUpdate(what, count, (_, before) => before + count);
    }

    public override string ToString() => string.Join(", ", counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Value} {c.Key}"));
}
