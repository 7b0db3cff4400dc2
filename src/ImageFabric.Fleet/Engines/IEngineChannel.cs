using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>The lines to and from one engine, whatever leads to it.</summary>
internal interface IEngineChannel : IDisposable
{
    /// <summary>The next line that the engine says; null after the last.</summary>
    /// <exception cref="FleetException">What leads to the engine has failed.</exception>
    Task<string?> ReadLineAsync(CancellationToken cancellationToken);

    /// <summary>Says one line to the engine.</summary>
    /// <exception cref="IOException">The engine no longer reads.</exception>
    Task WriteLineAsync(string line, CancellationToken cancellationToken);

    /// <summary>Waits for the engine's end and gives its exit code.</summary>
    Task<int> WaitForExitAsync(CancellationToken cancellationToken);

    /// <summary>The end of what the engine wrote to standard error. Call it after the exit.</summary>
    Task<string> DiagnosticsAsync(CancellationToken cancellationToken);

    /// <summary>Ends the engine within two seconds. Does nothing when it has ended.</summary>
    Task StopAsync();
}
