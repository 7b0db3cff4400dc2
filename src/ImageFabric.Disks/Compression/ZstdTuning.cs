namespace ImageFabric.Disks.Compression;

/// <summary>How zstd looks for what it has seen before, where a level's own way, which is made for content of any length, is not the best. What is written is read as any other frame.</summary>
/// <param name="Strategy">ZSTD_strategy: 1 is fast, 2 is dfast.</param>
/// <param name="HashLog">Entries of the table of places, as a power of two. It is emptied for each frame, and should stay in the processor's nearest caches.</param>
/// <param name="ChainLog">Of dfast's second table, the one of short matches.</param>
/// <param name="MinMatch">Bytes of the shortest match.</param>
public sealed record ZstdTuning(int Strategy, int HashLog, int ChainLog, int MinMatch)
{
    // zstd.h, ZSTD_cParameter.
    internal IEnumerable<(int Parameter, int Value)> Parameters => [(102, HashLog), (103, ChainLog), (105, MinMatch), (107, Strategy)];
}
