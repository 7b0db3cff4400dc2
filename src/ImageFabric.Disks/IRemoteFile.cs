namespace ImageFabric.Disks;

/// <summary>A disk image file that is not one of this machine's, read by ranges. Reads may overlap in time. Passing faults are dealt with inside.</summary>
public interface IRemoteFile : IDisposable
{
    /// <summary>What a person calls it, without secrets.</summary>
    string Name { get; }

    /// <summary>Length in bytes, known since it was opened.</summary>
    long Length { get; }

    /// <summary>Fills the whole buffer from a range that lies within the file.</summary>
    /// <exception cref="DiskException"><c>SourceChanged</c>, <c>FileUnreadable</c> or <c>SourceUnreachable</c>.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}
