using System;
using System.IO;
using System.IO.Compression;
using System.Security.Cryptography;

namespace ImageFabric.Fleet;

/// <summary>The engine as hosts get it: one self-contained Linux program, named by its digest.</summary>
internal sealed class EngineUpload
{
    /// <summary>Where the Linux engine lies, seen from the directory that holds the engines of all platforms.</summary>
    public const string LinuxProgram = "linux-x64/imagefabric";

    private readonly Lazy<string> _digest;
    private readonly Lazy<byte[]> _compressed;

    private EngineUpload(string path)
    {
        Path = path;
        _digest = new Lazy<string>(() => Digest256(path));
        _compressed = new Lazy<byte[]>(() => Gzip(path));
    }

    /// <summary>The program's file on this machine.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of the program, in lower-case hexadecimal digits.</summary>
    public string Digest => _digest.Value;

    /// <summary>The program, gzipped: about 14 MB, made once and shared by all hosts.</summary>
    public byte[] Compressed => _compressed.Value;

    /// <summary>What to upload when <paramref name="localEngine"/> is the engine here: itself, or its Linux neighbour when it is a Windows program.</summary>
    /// <exception cref="FleetException"><c>EngineInstallFailed</c>: there is no program that could run on a host.</exception>
    public static EngineUpload For(string localEngine)
    {
        string path = System.IO.Path.GetFullPath(localEngine);
        if (path.EndsWith(".exe", StringComparison.OrdinalIgnoreCase))
            path = System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "..", LinuxProgram));
        if (!File.Exists(path))
            throw new FleetException("EngineInstallFailed", path, $"The engine for Linux hosts does not exist: {path}");
        if (File.Exists(path + ".dll"))
            throw new FleetException("EngineInstallFailed", path, $"The engine is not a self-contained single file, which alone can run on a host: {path}");
        return new EngineUpload(path);
    }

    private static string Digest256(string path)
    {
        using FileStream file = File.OpenRead(path);
        using var sha256 = SHA256.Create();
        return BitConverter.ToString(sha256.ComputeHash(file)).Replace("-", "").ToLowerInvariant();
    }

    private static byte[] Gzip(string path)
    {
        using var compressed = new MemoryStream();
        using (FileStream file = File.OpenRead(path))
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            file.CopyTo(gzip);
        return compressed.ToArray();
    }
}
