using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.Objects;

/// <summary>What .NET does not offer of the file system: a rename that never replaces.</summary>
internal static partial class AtomicFile
{
    // The values are those of every Linux architecture that .NET runs on.
    private const int Enoent = 2;
    private const int Eexist = 17;
    private const int Einval = 22;
    private const int Enotsup = 95;
    private const int AtFdCwd = -100;
    private const uint RenameNoReplace = 1;
    private const uint RenameExchange = 2;

    /// <summary>How a create-only publication of a file ended.</summary>
    public enum Outcome
    {
        /// <summary>The file has its name, and had it from nobody else.</summary>
        Created,

        /// <summary>The name was taken.</summary>
        Exists,

        /// <summary>The file has its name, but the file system could not promise that a writer at the same moment was not overwritten.</summary>
        CreatedUnguarded,
    }

    /// <summary>Gives <paramref name="temporary"/> its final name unless that is taken. The temporary name may remain when the answer is not <see cref="Outcome.CreatedUnguarded"/>.</summary>
    public static Outcome Create(string temporary, string final)
    {
        if (OperatingSystem.IsLinux())
        {
            if (Link(temporary, final) == 0)
                return Outcome.Created;
            if (Marshal.GetLastPInvokeError() == Eexist)
                return Outcome.Exists;

            // FAT and some SMB servers have no hard links, but do rename without replacing; NFS is the other way round.
            if (RenameAt2(AtFdCwd, temporary, AtFdCwd, final, RenameNoReplace) == 0)
                return Outcome.Created;
            if (Marshal.GetLastPInvokeError() == Eexist)
                return Outcome.Exists;
        }

        try
        {
            File.Move(temporary, final, overwrite: false);
            return OperatingSystem.IsWindows() ? Outcome.Created : Outcome.CreatedUnguarded;
        }
        catch (IOException) when (File.Exists(final))
        {
            return Outcome.Exists;
        }
    }

    /// <summary>Gives <paramref name="temporary"/> the name of a file that is there; where there is none, nothing happens. The temporary name may remain.</summary>
    public static bool ReplaceExisting(string temporary, string final)
    {
        if (OperatingSystem.IsLinux())
        {
            if (RenameAt2(AtFdCwd, temporary, AtFdCwd, final, RenameExchange) == 0)
                return true;
            if (Marshal.GetLastPInvokeError() == Enoent)
                return false;
        }

        // NFS and some SMB servers cannot exchange two names: it is looked at first.
        if (!File.Exists(final))
            return false;
        File.Move(temporary, final, overwrite: true);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(string existing, string created);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameAt2(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);
}
