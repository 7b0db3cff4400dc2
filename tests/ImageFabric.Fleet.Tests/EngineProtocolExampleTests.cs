using System.Text.RegularExpressions;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

/// <summary>Keeps the worked examples of <c>docs/design/engine-protocol.md</c> to the contract: every line of them is read by the classes of Protocol.</summary>
public sealed class EngineProtocolExampleTests
{
    private static readonly Regex ExampleLine = new(@"^(?:[a-z-]+ )?[<>] (\{.*\})$", RegexOptions.Multiline);

    [Fact]
    public void Every_line_of_the_worked_examples_is_a_message()
    {
        string[] lines = [.. ExampleLine.Matches(File.ReadAllText(EngineProtocolPage.Path)).Cast<Match>().Select(m => m.Groups[1].Value)];
        Assert.True(lines.Length >= 8, "The examples are gone.");
        foreach (string line in lines)
        {
            Type type = TypeOf(line);
            string again = (string)typeof(ProtocolJson).GetMethod(nameof(ProtocolJson.Serialize))!.MakeGenericMethod(type).Invoke(
                null, [typeof(ProtocolJson).GetMethod(nameof(ProtocolJson.Deserialize))!.MakeGenericMethod(type).Invoke(null, [line])])!;

            // A member that the classes do not know would be dropped on the way.
            Assert.Equal(Members(line), Members(again));
        }
    }

    private static Type TypeOf(string line)
    {
        if (line.StartsWith("{\"protocol\"", StringComparison.Ordinal))
        {
            string operation = ProtocolJson.Deserialize<EngineRequest>(line).Operation;
            return EngineProtocolPage.Messages().Single(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(EngineRequest)) && ((EngineRequest)Activator.CreateInstance(t)!).Operation == operation);
        }

        return ProtocolJson.Deserialize<EngineEvent>(line).Type switch
        {
            EngineEvent.ProgressType => typeof(ProgressEvent),
            EngineEvent.LogType => typeof(LogEvent),
            EngineEvent.ErrorType => typeof(ErrorEvent),
            EngineEvent.DemandType => typeof(DemandEvent),
            EngineEvent.GrantType => typeof(GrantEvent),
            EngineEvent.ResultType => line.Contains("\"status\"", StringComparison.Ordinal) ? typeof(PullResult) : typeof(ImageResult),
            var other => throw new InvalidOperationException($"There is no event '{other}'."),
        };
    }

    private static SortedSet<string> Members(string line)
    {
        using var json = System.Text.Json.JsonDocument.Parse(line);
        return [.. json.RootElement.EnumerateObject().Select(m => m.Name)];
    }
}
