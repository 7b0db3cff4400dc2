namespace ImageFabric.Disks.Mapping;

/// <summary>
/// Keeps the values used last, at most a fixed number, and loads the others. Those who ask for a value that is being loaded wait for it instead of
/// loading it again. May be used from many threads at once.
/// </summary>
/// <param name="capacity">How many values are kept.</param>
/// <param name="load">Gets a value by its key.</param>
internal sealed class RecentlyUsed<TValue>(int capacity, Func<long, CancellationToken, Task<TValue>> load)
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, LinkedListNode<(long Key, Task<TValue> Value)>> byKey = [];
    private readonly LinkedList<(long Key, Task<TValue> Value)> byUse = [];

    /// <summary>The value, loaded if it is not kept. A load that failed is not kept.</summary>
    public ValueTask<TValue> GetAsync(long key, CancellationToken cancellationToken)
    {
        Task<TValue> value = FindOrStart(key);
        return value.IsCompletedSuccessfully ? new ValueTask<TValue>(value.Result) : WaitAsync(key, value, cancellationToken);
    }

    /// <summary>The value, if it is kept and loaded.</summary>
    public bool TryGet(long key, out TValue? value)
    {
        lock (gate)
        {
            bool found = byKey.TryGetValue(key, out LinkedListNode<(long Key, Task<TValue> Value)>? node) && node.Value.Value.IsCompletedSuccessfully;
            value = found ? node!.Value.Value.Result : default;
            return found;
        }
    }

    private Task<TValue> FindOrStart(long key)
    {
        TaskCompletionSource<TValue> started;
        lock (gate)
        {
            if (byKey.TryGetValue(key, out LinkedListNode<(long Key, Task<TValue> Value)>? node))
            {
                byUse.Remove(node);
                byUse.AddFirst(node);
                return node.Value.Value;
            }

            started = new TaskCompletionSource<TValue>(TaskCreationOptions.RunContinuationsAsynchronously);
            byKey.Add(key, byUse.AddFirst((key, started.Task)));
            if (byKey.Count > capacity)
            {
                byKey.Remove(byUse.Last!.Value.Key);
                byUse.RemoveLast();
            }
        }

        _ = LoadAsync(key, started);
        return started.Task;
    }

    // Others may wait for the same load, so the one who asked first does not cancel it.
    private async Task LoadAsync(long key, TaskCompletionSource<TValue> started)
    {
        try
        {
            started.SetResult(await load(key, CancellationToken.None).ConfigureAwait(false));
        }
        catch (Exception error)
        {
            started.SetException(error);
        }
    }

    private async ValueTask<TValue> WaitAsync(long key, Task<TValue> value, CancellationToken cancellationToken)
    {
        try
        {
            return await value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch when (value.IsFaulted)
        {
            Forget(key, value);
            throw;
        }
    }

    private void Forget(long key, Task<TValue> value)
    {
        lock (gate)
        {
            if (byKey.TryGetValue(key, out LinkedListNode<(long Key, Task<TValue> Value)>? node) && node.Value.Value == value)
            {
                byKey.Remove(key);
                byUse.Remove(node);
            }
        }
    }
}
