using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace ImageFabric.Fleet;

/// <summary>A directory for the sockets of shared connections that nobody else can enter. It goes when it is disposed of.</summary>
internal sealed class SocketDirectory : IDisposable
{
    // A socket's path has at most 104 bytes (107 on Linux); ssh first makes it with 17 more characters behind.
    private const int LongestPath = 104 - 17 - 4;
    private const uint OwnerOnly = 0x1C0; // 0700

    private readonly string? _path;
    private int _count;

    private SocketDirectory(string? path) => _path = path;

    /// <summary>Makes it under the user's runtime directory, or that for temporary files. Where neither is usable it holds no paths.</summary>
    public static SocketDirectory Make()
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        foreach (string parent in new[] { runtime ?? "", Path.GetTempPath() })
        {
            string path = Path.Combine(parent, "imagefabric-" + Guid.NewGuid().ToString("N").Substring(0, 12));
            // ssh takes what follows a percent sign for something else.
            if (parent.Length > 0 && path.Length <= LongestPath && path.IndexOf('%') < 0 && MakeDirectory(path, OwnerOnly) == 0)
                return new SocketDirectory(path);
        }

        return new SocketDirectory(null);
    }

    /// <summary>A path for one more socket; null when there is no directory.</summary>
    public string? NextPath() => _path is null ? null : Path.Combine(_path, Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture));

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        if (_path is not null)
            Directory.Delete(_path, recursive: true);
    }

    [DllImport("libc", EntryPoint = "mkdir", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int MakeDirectory(string path, uint mode);
}
