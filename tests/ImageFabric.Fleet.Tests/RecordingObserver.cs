using System.Collections.Concurrent;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

internal sealed class RecordingObserver : IEngineObserver
{
    public ConcurrentQueue<ProgressEvent> Progress { get; } = new();

    public ConcurrentQueue<LogEvent> Logs { get; } = new();

    public void OnProgress(ProgressEvent progress) => Progress.Enqueue(progress);

    public void OnLog(LogEvent log) => Logs.Enqueue(log);
}
