using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Repair;

namespace ImageFabric.Engine.Operations;

/// <summary>A host that may have an image whose data the store lost: its engine reads its copy and gives what it verified.</summary>
internal sealed class HostDonor(HostAddress host, string? imageDirectory, LocalEngine engine, IEventOutput output) : IRepairDonor
{
    private readonly HashSet<ImageId> absent = [];

    public string Name => host.Name;

    // A host keeps no packs; its index is the store's, unless the packs were written anew since.
    public async Task<SpooledObject?> TryReadObjectAsync(string key, ImageId image, CancellationToken cancellationToken)
    {
        if (!key.StartsWith("indexes/", StringComparison.Ordinal))
            return null;
        var content = new SpooledObject();
        try
        {
            await AskAsync(image, null, part => content.Append(Convert.FromBase64String(part.Content)), cancellationToken).ConfigureAwait(false);
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    public async Task ReadChunksAsync(ImageId image, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken)
    {
        var given = new List<HostImageReadResult>();
        await AskAsync(image, [.. chunks], given.Add, cancellationToken).ConfigureAwait(false);
        foreach (HostImageReadResult chunk in given)
            await take(chunk.Number, Convert.FromBase64String(chunk.Content)).ConfigureAwait(false);
    }

    private async Task AskAsync(ImageId image, int[]? chunks, Action<HostImageReadResult> take, CancellationToken cancellationToken)
    {
        if (absent.Contains(image))
            return;
        try
        {
            var request = new HostImageReadRequest { ImageDirectory = imageDirectory, ImageId = image.ToString(), Chunks = chunks };
            await new HostEngine(host, engine).RunAsync<HostImageReadResult>(request, take, new OutputObserver(output, host.Name), null, cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException refused)
        {
            // The others may have it.
            absent.Add(image);
            output.Warning($"{host.Name} gives nothing of {image}: {refused.Message}");
        }
    }
}
