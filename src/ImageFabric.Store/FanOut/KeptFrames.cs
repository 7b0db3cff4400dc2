using System.Collections.Concurrent;
using ImageFabric.Store.Format;
using Microsoft.Win32.SafeHandles;

namespace ImageFabric.Store.FanOut;

/// <summary>
/// Compressed frames as they came, kept in a file without a name as long as others may ask for them, so that nobody compresses them again. What is stored as
/// it is needs no keeping: the disk has it.
/// </summary>
internal sealed class KeptFrames : IDisposable
{
    private readonly SafeFileHandle file;
    private readonly ImageIndex index;
    private readonly long[] offsets;
    private readonly bool[] kept;
    private volatile bool full;

    private KeptFrames(SafeFileHandle file, ImageIndex index)
    {
        this.file = file;
        this.index = index;
        kept = new bool[index.Frames.Length];
        offsets = new long[index.Frames.Length];
        long end = 0;
        for (int f = 0; f < offsets.Length; f++)
        {
            offsets[f] = end;
            if (index.Frames[f].Codec != FrameCodec.Stored)
                end += index.Frames[f].StoredLength;
        }
    }

    /// <summary>Makes the file, if there is room for it beside the image.</summary>
    /// <returns>Null when there is not.</returns>
    public static KeptFrames? Create(string path, ImageIndex index)
    {
        const long Slack = 1L << 30;
        if (new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace < index.DataSize + index.StoredSize + Slack)
            return null;
        SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose | FileOptions.Asynchronous);

        // A killed process leaves nothing where a file can lose its name while it is open.
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return new KeptFrames(file, index);
    }

    /// <summary>Keeps a frame, unless it has another form than in its pack.</summary>
    public async ValueTask KeepAsync(int frame, ReadOnlyMemory<byte> stored, CancellationToken cancellationToken)
    {
        PackFrame known = index.Frames[frame];
        if (full || known.Codec == FrameCodec.Stored || stored.Length != known.StoredLength)
            return;
        try
        {
            await RandomAccess.WriteAsync(file, stored, offsets[frame], cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref kept[frame], true);
        }
        catch (IOException)
        {
            // There is no room: the image needs it, and these can be made again.
            full = true;
        }
    }

    /// <summary>Reads a frame that is kept.</summary>
    /// <returns>Its length; 0 when it is not kept.</returns>
    public async ValueTask<int> ReadAsync(int frame, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!Volatile.Read(ref kept[frame]))
            return 0;
        int length = index.Frames[frame].StoredLength;
        return await RandomAccess.ReadAsync(file, destination[..length], offsets[frame], cancellationToken).ConfigureAwait(false) == length ? length : 0;
    }

    public void Dispose() => file.Dispose();
}
