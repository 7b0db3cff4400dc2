using System.Security.Cryptography;

namespace ImageFabric.Disks.Tests;

/// <summary>A directory for one test's images, removed with them.</summary>
internal sealed class ImageDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("imagefabric-disks-");

    public string File(string name) => Path.Combine(directory.FullName, name);

    /// <summary>A sparse raw file: text-like and random data in some places, zeros in others.</summary>
    public string MakeRaw(string name, long length, int seed = 1)
    {
        string path = File(name);
        using var file = new FileStream(path, FileMode.CreateNew);
        file.SetLength(length);
        var random = new Random(seed);
        for (long offset = random.Next(100_000); offset < length; offset += random.Next(1, 600_000))
        {
            byte[] data = new byte[(int)Math.Min(random.Next(1, 200_000), length - offset)];
            if (random.Next(3) == 0)
                random.NextBytes(data);
            else
                data.AsSpan().Fill((byte)random.Next(256));
            file.Position = offset;
            file.Write(data);
            offset += data.Length;
        }

        return path;
    }

    public static byte[] Digest(string path)
    {
        using FileStream file = System.IO.File.OpenRead(path);
        return SHA256.HashData(file);
    }

    public void Dispose() => directory.Delete(recursive: true);
}
