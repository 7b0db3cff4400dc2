using System;
using System.IO;
using System.Runtime.InteropServices;

namespace ImageFabric.PowerShell;

/// <summary>Files that only their owner may read.</summary>
internal static class PrivateFile
{
    private const int OwnerReadWrite = 0b110_000_000;

    /// <summary>Replaces a file whole: at every moment it has its old content or its new one.</summary>
    public static void Replace(string file, byte[] content)
    {
        string next = $"{file}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(next, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                Restrict(next);
                stream.Write(content, 0, content.Length);
                StableStorage.Flush(stream);
            }

            if (File.Exists(file))
                File.Replace(next, file, destinationBackupFileName: null);
            else
                File.Move(next, file);
            StableStorage.FlushDirectory(Path.GetDirectoryName(file)!);
        }
        finally
        {
            // Gone already when all went well.
            File.Delete(next);
        }
    }

    private static void Restrict(string file)
    {
        // On Windows a user's own folder under %APPDATA% is closed to others already.
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows) && Chmod(file, OwnerReadWrite) != 0)
            throw new IOException($"The permissions of {file} cannot be set (errno {Marshal.GetLastWin32Error()}).");
    }

    [DllImport("libc", EntryPoint = "chmod", SetLastError = true)]
    private static extern int Chmod([MarshalAs(UnmanagedType.LPStr)] string path, int mode);
}
