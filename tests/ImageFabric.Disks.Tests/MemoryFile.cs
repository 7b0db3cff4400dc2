namespace ImageFabric.Disks.Tests;

/// <summary>A file that is nowhere but in memory. It never has to be waited for.</summary>
internal sealed class MemoryFile(byte[] content) : IRemoteFile
{
    public string Name => "damaged.img";

    public long Length => content.Length;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
    }
}
