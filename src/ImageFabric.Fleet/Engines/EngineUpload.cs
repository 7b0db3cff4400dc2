using System;
using System.Collections.Concurrent;
using System.IO;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.Fleet;

/// <summary>The engine as hosts of one system get it: one self-contained program, named by its digest.</summary>
internal sealed class EngineUpload
{
    /// <summary>Where the Linux engine lies, seen from the directory that holds the engines of all platforms.</summary>
    public const string LinuxProgram = "linux-x64/imagefabric";

    /// <summary>Where the Windows engine lies, likewise.</summary>
    public const string WindowsProgram = "win-x64/imagefabric.exe";

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new();
    private readonly Lazy<Task<string>> _digest;
    private readonly Lazy<Task<byte[]>> _compressed;

    private EngineUpload(string path)
    {
        Path = path;
        _digest = new Lazy<Task<string>>(() => Task.Run(() => Digest256(path)));
        _compressed = new Lazy<Task<byte[]>>(() => Task.Run(() => Gzip(path)));
    }

    /// <summary>The program's file on this machine.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of the program, in lower-case hexadecimal digits.</summary>
    public Task<string> Digest => _digest.Value;

    /// <summary>The program, gzipped to less than half: made once, and shared by all hosts.</summary>
    public Task<byte[]> Compressed => _compressed.Value;

    /// <summary>Lets one connection at a time bring the engine to a host, however many there are to it.</summary>
    public SemaphoreSlim TurnOf(HostAddress host) => _turns.GetOrAdd(host.ToString(), static _ => new SemaphoreSlim(1));

    /// <summary>The key of the program in a store; see <c>docs/design/store-format.md</c>, "Engine".</summary>
    public string StoreKey(string digest) => $"engines/{(IsWindowsProgram(Path) ? "win-x64" : "linux-x64")}/{digest}";

    /// <summary>What Linux hosts get when <paramref name="localEngine"/> is the engine here: itself, or its Linux neighbour when it is a Windows program.</summary>
    /// <exception cref="FleetException"><c>EngineInstallFailed</c>: there is no program that could run on a host.</exception>
    public static EngineUpload For(string localEngine)
    {
        string path = IsWindowsProgram(localEngine) ? Neighbour(localEngine, LinuxProgram) : System.IO.Path.GetFullPath(localEngine);
        if (!File.Exists(path))
            throw new FleetException("EngineInstallFailed", path, $"The engine for Linux hosts does not exist: {path}");
        if (File.Exists(path + ".dll"))
            throw new FleetException("EngineInstallFailed", path, $"The engine is not a self-contained single file, which alone can run on a host: {path}");
        return new EngineUpload(path);
    }

    /// <summary>What Windows hosts get, likewise. Null: there is no such program here.</summary>
    public static EngineUpload? ForWindows(string localEngine)
    {
        string path = IsWindowsProgram(localEngine) ? System.IO.Path.GetFullPath(localEngine) : Neighbour(localEngine, WindowsProgram);
        return File.Exists(path) && !File.Exists(System.IO.Path.ChangeExtension(path, ".dll")) ? new EngineUpload(path) : null;
    }

    private static bool IsWindowsProgram(string path) => path.EndsWith(".exe", StringComparison.OrdinalIgnoreCase);

    private static string Neighbour(string engine, string program) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(engine))!, "..", program));

    private static string Digest256(string path) => Read(path, file =>
    {
        // Every command waits for this: long pieces take half the time of the stream's own.
        using var sha256 = SHA256.Create();
        byte[] piece = new byte[1 << 20];
        for (int read; (read = file.Read(piece, 0, piece.Length)) > 0;)
            sha256.TransformBlock(piece, 0, read, null, 0);
        sha256.TransformFinalBlock(piece, 0, 0);
        return BitConverter.ToString(sha256.Hash).Replace("-", "").ToLowerInvariant();
    });

    private static byte[] Gzip(string path) => Read(path, file =>
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            file.CopyTo(gzip);
        return compressed.ToArray();
    });

    private static T Read<T>(string path, Func<FileStream, T> read)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FleetException("EngineInstallFailed", path, $"The engine cannot be read: {e.Message}", e);
        }
    }
}
