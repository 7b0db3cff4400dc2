using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>Passes on what an engine on a host says, with the host's name where several speak.</summary>
internal sealed class OutputObserver(IEventOutput output, string? host) : IEngineObserver
{
    public void OnProgress(ProgressEvent progress) => output.Progress(new ProgressReport(Named(progress.Activity), progress.BytesDone, progress.BytesTotal)
    {
        ToFetch = progress.BytesToFetch,
        Fetched = progress.BytesFetched,
        Reused = progress.BytesReused,
    });

    public void OnLog(LogEvent log)
    {
        if (log.Level == LogEvent.Warning)
            output.Warning(Named(log.Message));
        else
            output.Verbose(Named(log.Message));
    }

    private string Named(string text) => host is null ? text : $"{host}: {text}";
}
