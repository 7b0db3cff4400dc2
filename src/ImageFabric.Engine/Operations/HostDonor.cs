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
    // The format's own limit.
    private const long LongestIndex = 1L << 30;

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
            long length = 0;
            await AskAsync(
                image,
                null,
                part =>
                {
                    byte[] bytes = Decode(part);
                    length += bytes.Length;
                    if (length > LongestIndex)
                        throw Nonsense("an index of more bytes than any index has");
                    content.Append(bytes);
                },
                cancellationToken).ConfigureAwait(false);
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
        var asked = new HashSet<int>(chunks);
        var given = new Dictionary<int, byte[]>();
        await AskAsync(
            image,
            [.. chunks],
            chunk =>
            {
                if (!asked.Contains(chunk.Number) || !given.TryAdd(chunk.Number, Decode(chunk)))
                    throw Nonsense($"the chunk {chunk.Number}, which it was not asked for, or gave already");
            },
            cancellationToken).ConfigureAwait(false);
        foreach ((int number, byte[] content) in given)
            await take(number, content).ConfigureAwait(false);
    }

    private byte[] Decode(HostImageReadResult part)
    {
        try
        {
            return Convert.FromBase64String(part.Content);
        }
        catch (FormatException)
        {
            throw Nonsense("what is no base64");
        }
    }

    // What a host says is not to be believed, and one that says nonsense must not keep the others from being asked.
    private FleetException Nonsense(string what) => new("ProtocolMismatch", host.Name, $"The engine on {host.Name} gave {what}.");

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
