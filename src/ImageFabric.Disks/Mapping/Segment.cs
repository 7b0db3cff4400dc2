namespace ImageFabric.Disks.Mapping;

/// <summary>Where a run of the disk's bytes comes from.</summary>
internal enum SegmentKind
{
    /// <summary>From nowhere: it reads as zero.</summary>
    Zero,

    /// <summary>From as many contiguous bytes of the file.</summary>
    Data,

    /// <summary>From something that only the format can read, such as a compressed cluster, of which it is all or a part.</summary>
    Made,
}

/// <summary>A run of the disk's bytes with one origin.</summary>
/// <param name="Kind">What the origin is.</param>
/// <param name="Offset">Where it begins on the disk, in bytes.</param>
/// <param name="Length">Bytes of the disk.</param>
/// <param name="FileOffset">Where the data begins in the file: that of <paramref name="Offset"/>, or of what it is made from.</param>
/// <param name="StoredLength">Most bytes of the file that a made segment is made from; 0 for the other kinds.</param>
internal readonly record struct Segment(SegmentKind Kind, long Offset, long Length, long FileOffset = 0, int StoredLength = 0)
{
    public long End => Offset + Length;

    /// <summary>True when <paramref name="next"/>, which follows on the disk, goes on where this ends in the file too.</summary>
    public bool Continues(in Segment next) =>
        Kind == next.Kind && (Kind == SegmentKind.Zero || (Kind == SegmentKind.Data && next.FileOffset == FileOffset + Length));
}
