using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Writes events as JSON lines, each at once.</summary>
internal sealed class JsonLinesOutput(Stream stream) : IEventOutput
{
    private const int Batch = 128;
    private const int Batches = 16;

    private readonly Lock writing = new();
    private readonly MemoryStream line = new();
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

    public void Results<T>(IReadOnlyList<T> items, Func<T, EngineEvent> describe, CancellationToken cancellationToken)
    {
        // Writing tens of thousands as JSON is more than half of the work of listing them: all cores do it, and a few writes bring it out.
        var lines = new MemoryStream[Batches];
        var options = new ParallelOptions { CancellationToken = cancellationToken };
        for (int first = 0; first < items.Count; first += Batches * Batch)
        {
            int start = first;
            Parallel.For(0, Batches, options, b =>
            {
                lines[b] ??= new MemoryStream();
                lines[b].SetLength(0);
                for (int i = start + (b * Batch); i < Math.Min(items.Count, start + ((b + 1) * Batch)); i++)
                    ProtocolJson.WriteLine(describe(items[i]), lines[b]);
            });
            lock (writing)
            {
                foreach (MemoryStream batch in lines)
                    batch.WriteTo(stream);
                stream.Flush();
            }
        }
    }

    public void Error(ErrorEvent error)
    {
        Interlocked.Increment(ref errorsWritten);
        Write(error);
    }

    /// <summary>Writes any event.</summary>
    public void Write(EngineEvent written)
    {
        lock (writing)
            WriteLine(written);
    }

    private void WriteLine(EngineEvent written)
    {
        line.SetLength(0);
        ProtocolJson.WriteLine(written, line);
        line.WriteTo(stream);
        stream.Flush();
    }
}
