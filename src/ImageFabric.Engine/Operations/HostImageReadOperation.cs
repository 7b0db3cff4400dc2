using ImageFabric.Disks;
using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Repair;

namespace ImageFabric.Engine.Operations;

/// <summary>On a host: gives what a store lost of an image that is here.</summary>
internal static class HostImageReadOperation
{
    private const int PartLength = 1 << 20;

    public static async Task RunAsync(HostImageReadRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        if (!ImageId.TryParse(request.ImageId, out ImageId id))
            throw new OperationException("InvalidRequest", request.ImageId, $"'{request.ImageId}' is no image id.");
        var directory = new HostImageDirectory(request.ImageDirectory);
        if (directory.FindFormat(id, null) is not { } format || await directory.TryReadIndexAsync(id, cancellationToken).ConfigureAwait(false) is not { } index)
            throw new OperationException("ImageNotOnHost", request.ImageId, $"The host does not have {request.ImageId}, or not its index.");
        if (request.Chunks is null)
        {
            byte[] bytes = await directory.ReadIndexBytesAsync(id, cancellationToken).ConfigureAwait(false);
            for (int offset = 0; offset < bytes.Length; offset += PartLength)
                Give(output, offset / PartLength, bytes.AsMemory(offset, Math.Min(PartLength, bytes.Length - offset)));
            return;
        }

        using ILogicalDisk disk = await DiskImage.OpenAsync(directory.ImagePath(id, format), DiskPolicy.Default, cancellationToken).ConfigureAwait(false);
        await DiskDonation.ReadAsync(
            disk,
            index,
            request.Chunks,
            (chunk, content) =>
            {
                Give(output, chunk, content);
                return ValueTask.CompletedTask;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static void Give(IEventOutput output, int number, ReadOnlyMemory<byte> content) =>
        output.Result(new HostImageReadResult { Number = number, Content = Convert.ToBase64String(content.Span) });
}
