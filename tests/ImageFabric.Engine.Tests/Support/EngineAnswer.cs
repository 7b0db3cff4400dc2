using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>How the program ended and what it said.</summary>
/// <param name="ExitCode">Its exit status; 137 after kill -9.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record EngineAnswer(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of standard output.</summary>
    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Says so, with all there is to know, when it did not end well.</summary>
    public EngineAnswer Succeeded()
    {
        Assert.True(ExitCode == 0, ToString());
        return this;
    }

    /// <summary>The results among JSON lines.</summary>
    public IReadOnlyList<T> Results<T>()
        where T : EngineEvent => Events<T>(EngineEvent.ResultType);

    /// <summary>The only result, of a run that ended well.</summary>
    public T Result<T>()
        where T : EngineEvent => Assert.Single(Succeeded().Results<T>());

    /// <summary>The only error among JSON lines, of a run that failed.</summary>
    public ErrorEvent Failure()
    {
        Assert.True(ExitCode == 1, ToString());
        return Assert.Single(Events<ErrorEvent>(EngineEvent.ErrorType));
    }

    /// <summary>The JSON lines of one type.</summary>
    public IReadOnlyList<T> Events<T>(string type)
        where T : EngineEvent =>
        [.. Lines.Where(line => ProtocolJson.Deserialize<EngineEvent>(line).Type == type).Select(ProtocolJson.Deserialize<T>)];

    public override string ToString() => $"exit status {ExitCode}\n{Output}{Error}";
}
