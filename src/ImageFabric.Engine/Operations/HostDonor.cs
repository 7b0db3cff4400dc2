using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Repair;

namespace ImageFabric.Engine.Operations;

/// <summary>A host that may have an image whose data the store lost: its engine reads its copy and gives what it verified.</summary>
internal sealed class HostDonor(HostAddress host, string? imageDirectory, LocalEngine engine, IEventOutput output) : IRepairDonor
{
    private readonly HashSet<ImageId> absent = [];

    public string Name => host.Name;

    // A host keeps no packs; its index is the store's, unless the packs were written anew since.
    public async Task<byte[]?> TryReadObjectAsync(string key, ImageId image, CancellationToken cancellationToken)
    {
        if (!key.StartsWith("indexes/", StringComparison.Ordinal))
            return null;
        List<HostImageReadResult> parts = await AskAsync(image, null, cancellationToken).ConfigureAwait(false);
        return parts.Count == 0 ? null : [.. parts.OrderBy(static p => p.Number).SelectMany(static p => Convert.FromBase64String(p.Content))];
    }

    public async Task ReadChunksAsync(ImageId image, IReadOnlyList<int> chunks, ChunkContent take, CancellationToken cancellationToken)
    {
        foreach (HostImageReadResult chunk in await AskAsync(image, [.. chunks], cancellationToken).ConfigureAwait(false))
            await take(chunk.Number, Convert.FromBase64String(chunk.Content)).ConfigureAwait(false);
    }

    private async Task<List<HostImageReadResult>> AskAsync(ImageId image, int[]? chunks, CancellationToken cancellationToken)
    {
        var results = new List<HostImageReadResult>();
        if (absent.Contains(image))
            return results;
        try
        {
            var request = new HostImageReadRequest { ImageDirectory = imageDirectory, ImageId = image.ToString(), Chunks = chunks };
            await new HostEngine(host, engine).RunAsync<HostImageReadResult>(request, results.Add, new OutputObserver(output, host.Name), null, cancellationToken).ConfigureAwait(false);
        }
        catch (FleetException refused)
        {
            // The others may have it.
            absent.Add(image);
            output.Warning($"{host.Name} gives nothing of {image}: {refused.Message}");
        }

        return results;
    }
}
