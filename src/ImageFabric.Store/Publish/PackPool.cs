using System.Collections.Concurrent;

namespace ImageFabric.Store.Publish;

/// <summary>Packs to fill, each with its memory, which the next one takes over: of a pack of many small chunks the lists alone are megabytes.</summary>
internal sealed class PackPool
{
    private readonly ConcurrentBag<PackBuilder> idle = [];

    /// <summary>An empty pack; it comes back here when it is disposed of.</summary>
    /// <param name="number">Its number among the known packs.</param>
    public PackBuilder Start(int number)
    {
        if (!idle.TryTake(out PackBuilder? pack))
            pack = new PackBuilder(this);
        pack.Begin(number);
        return pack;
    }

    internal void Return(PackBuilder pack) => idle.Add(pack);
}
