using ImageFabric.Disks;
using ImageFabric.Engine.Host;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
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
            using SpooledObject bytes = await directory.ReadIndexObjectAsync(id, cancellationToken).ConfigureAwait(false);
            byte[] part = new byte[Math.Min(PartLength, bytes.Length)];
            for (int number = 0; (long)number * PartLength < bytes.Length; number++)
            {
                Memory<byte> given = part.AsMemory(0, (int)Math.Min(PartLength, bytes.Length - ((long)number * PartLength)));
                bytes.Read(given.Span, (long)number * PartLength);
                Give(output, number, given);
            }

            return;
        }

        using ILogicalDisk disk = await DiskImage.OpenOwnAsync(directory.ImagePath(id, format), cancellationToken).ConfigureAwait(false);
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
