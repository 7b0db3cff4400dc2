using System;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>The engine program on this machine. Safe to use from many threads; every request is a process of its own.</summary>
public sealed class LocalEngine
{
    private const string EngineVariable = "IMAGEFABRIC_ENGINE";

    private readonly Lazy<EngineUpload> _upload;
    private readonly Lazy<EngineUpload?> _windowsUpload;

    /// <summary>The engine in the file <paramref name="path"/>.</summary>
    public LocalEngine(string path)
    {
        Path = path;
        _upload = new Lazy<EngineUpload>(() => EngineUpload.For(path));
        _windowsUpload = new Lazy<EngineUpload?>(() => EngineUpload.ForWindows(path));
    }

    /// <summary>The program's file.</summary>
    public string Path { get; }

    /// <summary>The engine as Linux hosts get it; read when it is first asked for.</summary>
    internal EngineUpload Upload => _upload.Value;

    /// <summary>The engine as Windows hosts get it; null when there is none here.</summary>
    internal EngineUpload? WindowsUpload => _windowsUpload.Value;

    /// <summary>The program's file as Linux hosts get it; null when there is none that could run on a host.</summary>
    internal string? UploadPath
    {
        get
        {
            try
            {
                return Upload.Path;
            }
            catch (FleetException)
            {
                // Whoever brings the engine to a host is told; for work on this machine none is needed.
                return null;
            }
        }
    }

    /// <summary>
    /// The engine that the variable <c>IMAGEFABRIC_ENGINE</c> names, otherwise the one that came with the module:
    /// <c>engine/linux-x64/imagefabric</c> or <c>engine\win-x64\imagefabric.exe</c> in <paramref name="moduleDirectory"/>.
    /// </summary>
    /// <exception cref="FleetException"><c>EngineNotFound</c>: there is no such file.</exception>
    public static LocalEngine Find(string? moduleDirectory)
    {
        string? named = Environment.GetEnvironmentVariable(EngineVariable);
        if (!string.IsNullOrEmpty(named))
            return AtFile(named!, $"{EngineVariable} names a file that does not exist: {named}");
        if (moduleDirectory is null)
            throw new FleetException("EngineNotFound", "imagefabric", $"{EngineVariable} is not set.");
        string platform = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? EngineUpload.WindowsProgram : EngineUpload.LinuxProgram;
        string file = System.IO.Path.GetFullPath(System.IO.Path.Combine(moduleDirectory, "engine", platform));
        return AtFile(file, $"The engine's program file does not exist: {file}");
    }

    /// <summary>Has the engine do one operation.</summary>
    /// <typeparam name="T">The class of the operation's results.</typeparam>
    /// <param name="request">What to do.</param>
    /// <param name="onResult">Called for each result, on any thread.</param>
    /// <param name="observer">Hears progress and log lines. Errors after the first become warnings here.</param>
    /// <param name="cancellationToken">Ends the engine within 1.5 s.</param>
    /// <exception cref="FleetException">The engine said an error, or ended without saying why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. The engine has ended.</exception>
    public Task RunAsync<T>(EngineRequest request, Action<T> onResult, IEngineObserver? observer, CancellationToken cancellationToken)
        where T : EngineEvent => RunAsync(request, onResult, null, observer, null, cancellationToken);

    /// <summary>Has the engine do one operation whose items can fail one by one.</summary>
    /// <typeparam name="T">The class of the operation's results.</typeparam>
    /// <param name="request">What to do.</param>
    /// <param name="onResult">Called for each result, on any thread.</param>
    /// <param name="onError">Called for each error, on any thread; these are not thrown.</param>
    /// <param name="observer">Hears progress and log lines.</param>
    /// <param name="cancellationToken">Ends the engine within 1.5 s.</param>
    /// <exception cref="FleetException">The engine ended without saying why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. The engine has ended.</exception>
    public Task RunAsync<T>(
        EngineRequest request, Action<T> onResult, Action<ErrorEvent>? onError, IEngineObserver? observer, CancellationToken cancellationToken)
        where T : EngineEvent => RunAsync(request, onResult, onError, observer, null, cancellationToken);

    internal async Task RunAsync<T>(
        EngineRequest request,
        Action<T> onResult,
        Action<ErrorEvent>? onError,
        IEngineObserver? observer,
        IGrantSource? grants,
        CancellationToken cancellationToken)
        where T : EngineEvent
    {
        cancellationToken.ThrowIfCancellationRequested();
        using EngineProcess process = Start();
        try
        {
            var conversation = new EngineConversation<T>(process, Path, onResult, onError, observer, grants);
            int exitCode = await conversation.RunAsync(request, cancellationToken).ConfigureAwait(false);
            await conversation.ConcludeAsync(exitCode, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await process.StopAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Starts the engine, which then waits for its request.</summary>
    /// <exception cref="FleetException"><c>EngineNotFound</c>: it cannot be started.</exception>
    internal EngineProcess Start()
    {
        try
        {
            ExecutePermission.Ensure(Path);
            return EngineProcess.Start(Path, ["serve"], Path);
        }
        catch (Win32Exception e)
        {
            throw new FleetException("EngineNotFound", Path, $"The engine cannot be started: {e.Message}", e);
        }
    }

    private static LocalEngine AtFile(string path, string otherwise) =>
        File.Exists(path) ? new LocalEngine(System.IO.Path.GetFullPath(path)) : throw new FleetException("EngineNotFound", path, otherwise);
}
