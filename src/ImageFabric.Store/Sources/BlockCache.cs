namespace ImageFabric.Store.Sources;

/// <summary>
/// Keeps the blocks of a remote file that were used last, and fetches ahead of a reader that goes through the file in order: the further, the longer it
/// does. Those who ask for a block that is on its way wait for it. May be used from many threads at once.
/// </summary>
/// <param name="load">Fetches a block by its number.</param>
internal sealed class BlockCache(Func<long, CancellationToken, Task<byte[]>> load) : IDisposable
{
    // 24 MiB in blocks of one.
    private const int Capacity = 24;
    private const int LargestWindow = 8;

    private readonly Lock gate = new();
    private readonly Dictionary<long, LinkedListNode<(long Number, Task<byte[]> Block)>> byNumber = [];
    private readonly LinkedList<(long Number, Task<byte[]> Block)> byUse = [];
    private readonly CancellationTokenSource closing = new();
    private long last = -1;
    private int window;

    /// <summary>A block.</summary>
    /// <param name="number">Its number, from 0.</param>
    /// <param name="count">How many there are; none behind them is fetched ahead.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async ValueTask<byte[]> GetAsync(long number, long count, CancellationToken cancellationToken)
    {
        Task<byte[]> block;
        lock (gate)
        {
            if (number == last + 1)
                window = Math.Clamp(window * 2, 1, LargestWindow);
            else if (number != last)
                window = 0;
            last = number;
            block = FindOrStart(number);
            for (long ahead = number + 1; ahead <= number + window && ahead < count; ahead++)
                FindOrStart(ahead);
        }

        try
        {
            return await block.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch when (block.IsFaulted)
        {
            Forget(number, block);
            throw;
        }
    }

    /// <summary>Ends what is on its way.</summary>
    public void Dispose()
    {
        closing.Cancel();
        closing.Dispose();
    }

    private Task<byte[]> FindOrStart(long number)
    {
        if (byNumber.TryGetValue(number, out LinkedListNode<(long Number, Task<byte[]> Block)>? node))
        {
            byUse.Remove(node);
            byUse.AddFirst(node);
            return node.Value.Block;
        }

        CancellationToken closed = closing.Token;
        Task<byte[]> block = Task.Run(() => load(number, closed), closed);

        // A block that nobody comes to ask for must not end the process by its failure.
        _ = block.ContinueWith(static failed => _ = failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        byNumber.Add(number, byUse.AddFirst((number, block)));
        if (byNumber.Count > Capacity)
        {
            byNumber.Remove(byUse.Last!.Value.Number);
            byUse.RemoveLast();
        }

        return block;
    }

    private void Forget(long number, Task<byte[]> block)
    {
        lock (gate)
        {
            if (byNumber.TryGetValue(number, out LinkedListNode<(long Number, Task<byte[]> Block)>? node) && node.Value.Block == block)
            {
                byNumber.Remove(number);
                byUse.Remove(node);
            }
        }
    }
}
