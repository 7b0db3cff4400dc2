using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>Hears what an engine says while it works. Called from any thread; what it throws ends the work.</summary>
public interface IEngineObserver
{
    /// <summary>The work has come further.</summary>
    void OnProgress(ProgressEvent progress);

    /// <summary>The engine has something to say.</summary>
    void OnLog(LogEvent log);
}
