using System.Runtime.CompilerServices;
using ImageFabric.Disks;

namespace ImageFabric.Store.Tests.Publish;

/// <summary>A disk of generated content that needs no file.</summary>
internal sealed class MemoryDisk(byte[] content, int extentLength = 1 << 20) : ILogicalDisk
{
    public string Format => "raw";

    public long Length => content.Length;

    public long FileLength => content.Length;

    public IReadOnlyList<DiskNotice> Notices => [];

    /// <summary>Called before every read.</summary>
    public Action<long>? BeforeRead { get; init; }

    /// <summary>Set when the content is to count as changed.</summary>
    public bool Changed { get; init; }

    public byte[] Content => content;

    /// <summary>Runs of random bytes and of text, with holes between them, of a size that no block divides.</summary>
    public static byte[] Sample(int seed, int length = 6_000_123)
    {
        var random = new Random(seed);
        byte[] content = new byte[length];
        for (int position = random.Next(100_000); position < length;)
        {
            int run = Math.Min(random.Next(3_000, 700_000), length - position);
            Span<byte> target = content.AsSpan(position, run);
            if (random.Next(3) == 0)
            {
                for (int i = 0; i < run; i++)
                    target[i] = (byte)('a' + ((position + (i / 7)) % 20));
            }
            else
            {
                random.NextBytes(target);
            }

            position += run + random.Next(0, 200_000);
        }

        content[^1] = 1;
        return content;
    }

    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        for (long position = 0; position < content.Length; position += extentLength)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new DiskExtent(position, Math.Min(extentLength, content.Length - position));
        }
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BeforeRead?.Invoke(offset);
        content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return ValueTask.CompletedTask;
    }

    public void ThrowIfChanged()
    {
        if (Changed)
            throw new DiskException("SourceChanged", "memory", "The file changed.");
    }

    public void Dispose()
    {
    }
}
