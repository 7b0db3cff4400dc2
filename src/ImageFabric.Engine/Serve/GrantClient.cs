using System.Collections.Concurrent;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;
using ImageFabric.Store;

namespace ImageFabric.Engine.Serve;

/// <summary>Asks the caller for addresses of objects, and gets them as lines on standard input.</summary>
internal sealed class GrantClient(RequestInput input, JsonLinesOutput output)
{
    private readonly Lock waitingLock = new();
    private readonly ConcurrentDictionary<string, HolderAddress> holders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TaskCompletionSource<Uri>> waiting = new(StringComparer.Ordinal);

    /// <summary>Takes the orders that come beside the grants. Null: there are to be none.</summary>
    public PieceBroker? Orders { get; set; }

    /// <summary>The host that a granted object is to be asked of first; null when there is none.</summary>
    public HolderAddress? HolderOf(string key) => holders.GetValueOrDefault(key);

    /// <summary>Addresses for keys; those that somebody else waits for already are asked for once.</summary>
    public async Task<IReadOnlyDictionary<string, Uri>> DemandAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var answers = new Dictionary<string, Task<Uri>>(StringComparer.Ordinal);
        var missing = new List<string>();
        lock (waitingLock)
        {
            foreach (string key in keys)
            {
                if (!waiting.TryGetValue(key, out TaskCompletionSource<Uri>? answer))
                {
                    waiting[key] = answer = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
                    missing.Add(key);
                }

                answers[key] = answer.Task;
            }
        }

        if (missing.Count > 0)
            output.Write(new DemandEvent { Objects = [.. missing] });
        var granted = new Dictionary<string, Uri>(StringComparer.Ordinal);
        foreach ((string key, Task<Uri> answer) in answers)
            granted[key] = await answer.WaitAsync(cancellationToken).ConfigureAwait(false);
        return granted;
    }

    /// <summary>Hands arriving grants to those who wait for them, until the input ends.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (string line in input.ReadLinesAsync(cancellationToken).ConfigureAwait(false))
                TakeLine(line);
        }
        catch (Exception failure)
        {
            lock (waitingLock)
            {
                foreach (TaskCompletionSource<Uri> answer in waiting.Values)
                    answer.TrySetException(failure);
            }

            Orders?.End(failure);
            throw;
        }
    }

    private void TakeLine(string line)
    {
        if (Orders is not null && ProtocolJson.Deserialize<EngineEvent>(line).Type == EngineEvent.OrderType)
            Orders.Take(ProtocolJson.Deserialize<OrderEvent>(line));
        else
            Take(ProtocolJson.Deserialize<GrantEvent>(line));
    }

    private void Take(GrantEvent grant)
    {
        if (grant.Objects is null || Array.Exists(grant.Objects, granted => granted?.Key is null))
            throw new OperationException("InvalidRequest", null, "A grant names no objects.");
        lock (waitingLock)
        {
            foreach (GrantedObject granted in grant.Objects)
            {
                if (granted.Holder is not null)
                    holders[granted.Key] = granted.Holder;
                if (!waiting.Remove(granted.Key, out TaskCompletionSource<Uri>? answer))
                    continue;
                if (Uri.TryCreate(granted.Url, UriKind.Absolute, out Uri? address))
                    answer.SetResult(address);
                else
                    answer.SetException(new StoreException("InvalidRequest", granted.Key, $"The address granted for {granted.Key} is none."));
            }
        }
    }
}
