using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>Passes on what an engine on a host says, with the host's name where several speak.</summary>
internal sealed class OutputObserver(IEventOutput output, string? host) : IEngineObserver
{
    public void OnProgress(ProgressEvent progress) => output.Progress(Named(progress.Activity), progress.BytesDone, progress.BytesTotal);

    public void OnLog(LogEvent log)
    {
        if (log.Level == LogEvent.Warning)
            output.Warning(Named(log.Message));
        else
            output.Verbose(Named(log.Message));
    }

    private string Named(string text) => host is null ? text : $"{host}: {text}";
}
