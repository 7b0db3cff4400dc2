using System.Buffers.Binary;

namespace ImageFabric.Disks.Tests;

/// <summary>Where a valid image file is most easily hurt.</summary>
/// <param name="Content">The file.</param>
/// <param name="BigEndian">How its numbers are stored.</param>
/// <param name="Fields">The numbers in its header: where they are, and how many bytes they have.</param>
/// <param name="Tables">Its tables: where they are, and how many entries they have.</param>
/// <param name="EntryLength">Bytes of an entry.</param>
internal sealed record ImageAnatomy(byte[] Content, bool BigEndian, (int Offset, int Width)[] Fields, IReadOnlyList<(long Offset, int Entries)> Tables, int EntryLength)
{
    /// <summary>A number that is wrong in the way of the format.</summary>
    public required Func<Random, ulong> Special { get; init; }

    /// <summary>A damage that only this format can have.</summary>
    public Action<byte[], Random>? Damage { get; init; }
}

/// <summary>Damages a valid image file where it hurts: header fields, table entries, data, its end. The same seed gives the same damage.</summary>
internal sealed class ImageMutator(ImageAnatomy image)
{
    // Millions of copies of some MiB are mostly work for the collector.
    private readonly ThreadLocal<byte[]> copy = new(() => new byte[image.Content.Length]);

    /// <summary>A damaged file, which the next call on this thread overwrites.</summary>
    public byte[] Mutate(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = copy.Value!;
        image.Content.CopyTo(bytes, 0);
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            switch (random.Next(image.Damage is null ? 7 : 9))
            {
                case 0:
                    (int field, int width) = image.Fields[random.Next(image.Fields.Length)];
                    Put(bytes, field, width, Interesting(random));
                    break;
                case 1:
                    (field, width) = image.Fields[random.Next(image.Fields.Length)];
                    bytes[field + random.Next(width)] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    Put(bytes, Entry(random), image.EntryLength, Interesting(random));
                    break;
                case 3:
                    bytes[Entry(random) + random.Next(image.EntryLength)] ^= (byte)(1 << random.Next(8));
                    break;
                case 4:
                    bytes.AsSpan(Entry(random), image.EntryLength).CopyTo(bytes.AsSpan(Entry(random)));
                    break;
                case 5:
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    break;
                case 6:
                    return bytes[..random.Next(bytes.Length)];
                default:
                    image.Damage!(bytes, random);
                    break;
            }
        }

        return bytes;
    }

    private void Put(byte[] bytes, int offset, int width, ulong value)
    {
        Span<byte> eight = stackalloc byte[8];
        if (image.BigEndian)
            BinaryPrimitives.WriteUInt64BigEndian(eight, value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(eight, value);
        (image.BigEndian ? eight[(8 - width)..] : eight[..width]).CopyTo(bytes.AsSpan(offset));
    }

    private int Entry(Random random)
    {
        // The first entries are the ones in use, so they are chosen more often.
        (long offset, int entries) = image.Tables[random.Next(image.Tables.Count)];
        return (int)offset + (image.EntryLength * random.Next(random.Next(2) == 0 ? Math.Min(entries, 64) : entries));
    }

    private ulong Interesting(Random random) => random.Next(8) switch
    {
        0 => 0,
        1 => (ulong)random.Next(40),
        2 => ulong.MaxValue,
        3 => 1ul << random.Next(64),
        4 => (ulong)random.Next(image.Content.Length) & ~511ul,
        5 => (ulong)(image.Content.Length + random.Next(-600, 600)),
        6 => (ulong)random.NextInt64(),
        _ => image.Special(random),
    };
}
