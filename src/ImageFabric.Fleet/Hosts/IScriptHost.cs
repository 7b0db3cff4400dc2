using System;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>A way to a host that runs PowerShell scripts there, such as a PSSession of any transport.</summary>
public interface IScriptHost
{
    /// <summary>Starts a script on the host, as soon as the host is free for it.</summary>
    /// <param name="script">The script; it takes what is sent from its pipeline.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="FleetException"><c>HostUnreachable</c>: the way is closed.</exception>
    Task<IScriptPipe> StartAsync(string script, string[] arguments, CancellationToken cancellationToken);
}

/// <summary>A script that runs on a host. Its disposal frees the host for the next one.</summary>
public interface IScriptPipe : IDisposable
{
    /// <summary>The next line that the script gives out; null after the last.</summary>
    /// <exception cref="FleetException"><c>HostUnreachable</c>: the script has failed, or the connection is lost.</exception>
    Task<string?> ReadLineAsync(CancellationToken cancellationToken);

    /// <summary>Sends the script one object: a text or an array of bytes. Does nothing when the script has ended.</summary>
    void Send(object item);

    /// <summary>Tells the script that nothing more will be sent.</summary>
    void CompleteInput();

    /// <summary>Breaks the script off; returns when it has ended.</summary>
    Task StopAsync();
}
