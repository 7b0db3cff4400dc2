using ImageFabric.Store.Tests.Faults;

namespace ImageFabric.Store.Tests.Weather;

/// <summary>What happens to the requests of one schedule: calm, showers or a storm, out of a seed.</summary>
internal sealed class StoreWeather
{
    private readonly Lock gate = new();
    private readonly Random random;
    private readonly double badness;
    private readonly double cruelty;

    public StoreWeather(int seed)
    {
        random = new Random(seed);
        badness = new[] { 0.0, 0.01, 0.03, 0.08 }[random.Next(4)];
        cruelty = random.NextDouble() * 0.3;
    }

    /// <summary>When set, nothing happens any more.</summary>
    public bool Over { get; set; }

    public Fault Next(string requestLine)
    {
        lock (gate)
        {
            if (Over || random.NextDouble() >= badness)
                return new Fault.None();

            // What costs the clients a time limit is rarer, or a schedule would take minutes.
            if (random.NextDouble() < cruelty * 0.3)
                return random.Next(2) == 0 ? new Fault.Stall(random.Next(2000)) : new Fault.Silence();
            return random.Next(11) switch
            {
                0 => new Fault.Answer(500, "InternalError"),
                1 => new Fault.Answer(503, "SlowDown"),
                2 => new Fault.Answer(403, random.Next(2) == 0 ? "AccessDenied" : "ExpiredToken"),
                3 => new Fault.Reset(),
                4 => new Fault.LoseAnswer(),
                5 => new Fault.Truncate(random.Next(4000)),
                6 => new Fault.FlipRequestBit(random.Next(1 << 20)),
                7 => new Fault.FlipAnswerBit(random.Next(1 << 16)),
                8 => new Fault.Trickle(random.Next(200, 20_000)),
                9 => new Fault.LieAboutLength(random.Next(-40, 40)),
                _ => new Fault.ShiftRange(),
            };
        }
    }
}
