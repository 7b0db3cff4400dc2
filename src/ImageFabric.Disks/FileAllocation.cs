using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ImageFabric.Disks.Files;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Disks;

/// <summary>What a file takes of its file system.</summary>
/// <param name="AllocatedLength">Bytes that the file system holds for it.</param>
/// <param name="SharedLength">Those of them that other files have in common with it. Null when the file system does not say.</param>
public readonly record struct FileAllocation(long AllocatedLength, long? SharedLength)
{
    private const int BatchLength = 512;

    /// <summary>Asks the file system about a file.</summary>
    /// <param name="path">A regular file.</param>
    /// <exception cref="IOException">The file is gone or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static FileAllocation Of(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return new FileAllocation(FileStatus.AllocatedLength(file), OperatingSystem.IsLinux() ? Shared(file) : null);
    }

    // Linux, Documentation/filesystems/fiemap.rst: the extents come in ascending order, as many as there is room for.
    [SupportedOSPlatform("linux")]
    private static unsafe long? Shared(SafeFileHandle file)
    {
        var memory = (LinuxCalls.ExtentMap*)NativeMemory.Alloc((nuint)(sizeof(LinuxCalls.ExtentMap) + (BatchLength * sizeof(LinuxCalls.MappedExtent))));
        try
        {
            var extents = (LinuxCalls.MappedExtent*)(memory + 1);
            long shared = 0;
            for (ulong start = 0; ;)
            {
                *memory = new LinuxCalls.ExtentMap { Start = start, Length = ulong.MaxValue - start, Flags = LinuxCalls.ExtentMapSync, ExtentCount = BatchLength };
                if (LinuxCalls.MapExtents(file, LinuxCalls.ExtentMapRequest, memory) != 0)
                {
                    int error = Marshal.GetLastPInvokeError();
                    return LinuxErrors.CannotDo(error) ? null : throw new IOException(new Win32Exception(error).Message, error);
                }

                if (memory->MappedExtents == 0)
                    return shared;
                for (int i = 0; i < memory->MappedExtents; i++)
                {
                    if ((extents[i].Flags & LinuxCalls.SharedExtent) != 0)
                        shared += (long)extents[i].Length;
                }

                LinuxCalls.MappedExtent last = extents[memory->MappedExtents - 1];
                if ((last.Flags & LinuxCalls.LastExtent) != 0)
                    return shared;
                start = last.Logical + last.Length;
            }
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }
}
