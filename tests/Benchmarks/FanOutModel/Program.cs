using System.Globalization;
using ImageFabric.Fleet.Tests.FanOut;

// FanOutModel HOSTS HOST-MBIT STORE-MBIT BYTES: how long a fan-out takes on links of that speed, in seconds, and how many copies the store sends.
double[] numbers = [.. args.Select(a => double.Parse(a, CultureInfo.InvariantCulture))];
const long ShortestPiece = 1 << 20;
int pieces = (int)Math.Clamp(numbers[3] / ShortestPiece, 1, 1024);
SimulatedSync sync = FanOutSimulation.Run(
    [.. Enumerable.Range(0, (int)numbers[0]).Select(_ => new SimulatedHost(numbers[1] * 1e6, numbers[1] * 1e6))], numbers[2] * 1e6, numbers[3], pieces, latency: 0.01);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sync.Seconds:0.0} {sync.StoreCopies:0.00}"));
