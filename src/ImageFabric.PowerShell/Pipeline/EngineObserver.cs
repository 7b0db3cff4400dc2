using System;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Shows what an engine says while it works: a progress bar, verbose and warning texts.</summary>
/// <param name="pipeline">Where it is shown.</param>
/// <param name="activity">What the work is called over its progress bar.</param>
/// <param name="speaker">Who speaks, before each text. Null: nobody is named.</param>
internal sealed class EngineObserver(CmdletPipeline pipeline, string activity, string? speaker = null) : IEngineObserver, IDisposable
{
    private readonly ProgressBar _bar = pipeline.Progress.Begin(activity);

    public void OnProgress(ProgressEvent progress) => _bar.Set(progress);

    public void OnLog(LogEvent log)
    {
        string text = speaker is null ? log.Message : $"{speaker}: {log.Message}";
        if (log.Level == LogEvent.Warning)
            pipeline.WriteWarning(text);
        else
            pipeline.WriteVerbose(text);
    }

    public void Dispose() => _bar.Dispose();
}
