using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A cmdlet that has the engine on this machine work.</summary>
public abstract class EngineCmdlet : AsyncCmdlet
{
    private LocalEngine? _engine;

    private protected EngineCmdlet()
    {
    }

    /// <summary>The folder this module was loaded from.</summary>
    internal static string ModuleDirectory { get; } = Path.GetDirectoryName(typeof(EngineCmdlet).Assembly.Location)!;

    /// <summary>The engine; looked for when it is first needed.</summary>
    private protected LocalEngine Engine => _engine ??= LocalEngine.Find(ModuleDirectory);

    /// <summary>Has the engine do one operation, and shows how it gets on.</summary>
    private protected Task RunEngineAsync<T>(EngineRequest request, string activity, Action<T> onResult, CancellationToken cancellationToken)
        where T : EngineEvent => RunEngineAsync(request, activity, onResult, null, cancellationToken);

    /// <summary>The same for an operation that may give errors beside its results: <paramref name="onError"/> is told of them, and they are not thrown.</summary>
    private protected async Task RunEngineAsync<T>(EngineRequest request, string activity, Action<T> onResult, Action<ErrorEvent>? onError, CancellationToken cancellationToken)
        where T : EngineEvent
    {
        using var observer = new EngineObserver(Pipeline, activity);
        await Engine.RunAsync(request, onResult, onError, observer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same for an operation on several items, of which each may fail for itself: its errors are shown, and the others go on.</summary>
    private protected Task RunEngineOnItemsAsync<T>(EngineRequest request, string activity, Action<T> onResult, CancellationToken cancellationToken)
        where T : EngineEvent => RunEngineAsync(
            request, activity, onResult, error => Pipeline.WriteError(EngineErrorRecord.From(new FleetException(error), error.Target)), cancellationToken);

    /// <summary>The store that an argument in the form of <see cref="StoreCmdlet.Store"/> names.</summary>
    private protected Task<StoreSelection> SelectStoreAsync(string? argument) => Pipeline.AskAsync(() => StoreSelection.Of(argument, GetUnresolvedProviderPathFromPSPath));

    /// <summary>Does something with each image; one that fails fails alone.</summary>
    private protected async Task OnEachImageAsync(string[] images, Func<string, Task> work)
    {
        foreach (string image in images)
        {
            try
            {
                await work(image).ConfigureAwait(false);
            }
            catch (FleetException e)
            {
                Pipeline.WriteError(EngineErrorRecord.From(e, image));
            }
        }
    }
}
