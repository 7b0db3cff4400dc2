namespace ImageFabric.Disks;

/// <summary>How a format that is no raw disk is told by its first bytes.</summary>
/// <param name="Name">The format's name.</param>
/// <param name="Offset">Where the mark is, in bytes.</param>
/// <param name="Mark">The bytes there.</param>
/// <param name="Advice">What to do with a file that cannot be read; null for one that can.</param>
internal sealed record FormatMark(string Name, int Offset, byte[] Mark, string? Advice = null)
{
    public bool IsIn(ReadOnlySpan<byte> start) => start.Length >= Offset + Mark.Length && start.Slice(Offset, Mark.Length).SequenceEqual(Mark);
}
