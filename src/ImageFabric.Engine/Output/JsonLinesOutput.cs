using System.Text;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Writes events as JSON lines, each at once.</summary>
internal sealed class JsonLinesOutput(Stream stream) : IEventOutput
{
    private readonly Lock writing = new();
    private readonly ProgressPace pace = new();
    private int errorsWritten;

    public int ErrorsWritten => errorsWritten;

    public void Progress(ProgressReport report)
    {
        lock (writing)
        {
            if (pace.Passes(report))
                WriteLine(pace.Describe(report));
        }
    }

    public void Warning(string message) => Write(new LogEvent { Level = LogEvent.Warning, Message = message });

    public void Verbose(string message) => Write(new LogEvent { Level = LogEvent.Verbose, Message = message });

    public void Result(EngineEvent result) => Write(result);

    public void Error(ErrorEvent error)
    {
        Interlocked.Increment(ref errorsWritten);
        Write(error);
    }

    /// <summary>Writes any event.</summary>
    public void Write(EngineEvent line)
    {
        lock (writing)
            WriteLine(line);
    }

    private void WriteLine(EngineEvent line)
    {
        stream.Write(Encoding.UTF8.GetBytes(ProtocolJson.Serialize(line) + "\n"));
        stream.Flush();
    }
}
