namespace ImageFabric.Disks.Mapping;

/// <summary>What the tables of a format say about where the bytes of the disk are. Calls may overlap in time.</summary>
internal interface ISegmentMap : IDisposable
{
    /// <summary>A segment that begins at <paramref name="offset"/> and ends at <paramref name="end"/> or before.</summary>
    /// <param name="offset">An offset on the disk, in bytes.</param>
    /// <param name="end">Behind <paramref name="offset"/>, and not behind the end of the disk.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="DiskException">The tables are damaged or cannot be read.</exception>
    ValueTask<Segment> NextAsync(long offset, long end, CancellationToken cancellationToken);

    /// <summary>Fills a destination of the same length from a segment of the kind <see cref="SegmentKind.Made"/>.</summary>
    /// <exception cref="DiskException">The segment is damaged or cannot be read.</exception>
    ValueTask ReadMadeAsync(Segment segment, Memory<byte> destination, CancellationToken cancellationToken) =>
        throw new NotSupportedException("The format has no segments of this kind.");

    /// <summary>Lets go of what the map holds besides the file.</summary>
    void IDisposable.Dispose()
    {
    }
}
