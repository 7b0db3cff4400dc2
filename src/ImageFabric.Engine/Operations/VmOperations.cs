using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>Virtual machines of one host, here or over SSH.</summary>
internal static class VmOperations
{
    public static async Task CreateAsync(StoreReference? store, HostAddress host, VmCreateRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        LocalEngine engine = OwnEngine.Open();
        using var connections = new SshConnections();
        using var sync = new ImageSync(engine, store, request.Image, new ImageSyncOptions { ImageDirectory = request.ImageDirectory, Connections = connections });
        output.Result(await new VmCreation(engine, sync).CreateAsync(host, request, new OutputObserver(output, null), cancellationToken).ConfigureAwait(false));
    }

    public static Task RunAsync(HostAddress host, HostRequest request, IEventOutput output, CancellationToken cancellationToken) =>
        new HostEngine(host, OwnEngine.Open()).RunAsync<VmResult>(request, output.Result, new OutputObserver(output, null), null, cancellationToken);
}
