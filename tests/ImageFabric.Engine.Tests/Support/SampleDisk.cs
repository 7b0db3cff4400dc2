using System.Runtime.InteropServices;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>Makes sparse raw disks whose content depends on nothing but the seed.</summary>
internal static class SampleDisk
{
    private const int Unit = 64 * 1024;
    private const long Mebi = 1024 * 1024;

    /// <summary>A disk with data in places all over it: random bytes, text-like bytes, blocks of one value, and zeros that were written.</summary>
    /// <param name="path">The file to make.</param>
    /// <param name="length">Size of the disk in bytes.</param>
    /// <param name="data">Bytes of it that are written, about; the rest are holes.</param>
    /// <param name="seed">Other seeds give other content.</param>
    public static string Make(string path, long length, long data, int seed = 1)
    {
        using FileStream file = Create(path, length);
        var random = new Random(seed);
        byte[] buffer = new byte[16 * Unit];
        long runs = Math.Max(1, data / (buffer.Length / 2));
        for (long run = 0; run < runs; run++)
        {
            // One run in each equal part of the disk, somewhere within it.
            long from = length / runs * run;
            int size = (int)Math.Min(random.Next(1, buffer.Length), length - from);
            Fill(random, buffer.AsSpan(0, size));
            file.Position = from + random.NextInt64(Math.Max(1, (length / runs) - size));
            file.Write(buffer, 0, (int)Math.Min(size, length - file.Position));
        }

        return path;
    }

    /// <summary>A disk that begins with bytes which do not compress: as many bytes cross the wire as are asked for. It has the mark of ext4, as a disk is to hold something.</summary>
    public static string MakeDense(string path, long length, long data, int seed = 1)
    {
        using FileStream file = Create(path, length);
        ulong state = (ulong)seed << 32;
        byte[] buffer = new byte[Mebi];
        for (long offset = 0; offset < data; offset += buffer.Length)
        {
            FillQuickly(buffer, ref state);
            if (offset == 0)
                (buffer[1080], buffer[1081]) = (0x53, 0xef);
            file.Write(buffer, 0, (int)Math.Min(buffer.Length, data - offset));
        }

        return path;
    }

    /// <summary>A disk like another, but for every third run of 96 KiB, whose bytes have moved by five: no chunk there is the same, and all of its content resembles the other's.</summary>
    public static string MakeShifted(string path, string like)
    {
        const int Run = 3 * Unit / 2;
        byte[] disk = File.ReadAllBytes(like);
        for (int at = 0; at + Run <= disk.Length; at += 3 * Run)
            disk.AsSpan(at, Run - 5).CopyTo(disk.AsSpan(at + 5));
        File.WriteAllBytes(path, disk);
        return path;
    }

    /// <summary>Changes some bytes of a disk.</summary>
    public static void Overwrite(string path, long offset, int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        using FileStream file = File.OpenWrite(path);
        file.Position = offset;
        file.Write(bytes);
    }

    private static FileStream Create(string path, long length)
    {
        var file = new FileStream(path, FileMode.CreateNew);
        file.SetLength(length);
        return file;
    }

    // SplitMix64: a seeded System.Random takes longer than all that is tested with its bytes.
    private static void FillQuickly(Span<byte> bytes, ref ulong state)
    {
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            state += 0x9e3779b97f4a7c15;
            ulong mixed = state;
            mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            word = mixed ^ (mixed >> 31);
        }
    }

    private static void Fill(Random random, Span<byte> bytes)
    {
        switch (random.Next(4))
        {
            case 0 or 1:
                random.NextBytes(bytes);
                break;
            case 2:
                random.NextBytes(bytes);
                foreach (ref byte value in bytes)
                    value = (byte)('a' + (value % 16));
                break;
            default:
                bytes.Fill((byte)random.Next(3));
                break;
        }
    }
}
