namespace ImageFabric.Store.Objects;

/// <summary>
/// The addresses a host was granted. Wishes are gathered: while one demand is under way, those that come meanwhile go into the next,
/// and all who want the same key wait for the same demand.
/// </summary>
internal sealed class GrantBook(Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyDictionary<string, Uri>>> demand) : IObjectAddresses, IAsyncDisposable
{
    /// <summary>The most keys in one demand.</summary>
    public const int LargestDemand = 1000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, TaskCompletionSource<Uri>> grants = new(StringComparer.Ordinal);
    private readonly Queue<Wish> wanted = new();
    private readonly CancellationTokenSource closed = new();
    private Task demanding = Task.CompletedTask;
    private bool isDemanding;

    /// <inheritdoc/>
    public string RefusedId => "GrantExpired";

    /// <inheritdoc/>
    public ValueTask<Uri> OfAsync(string key, CancellationToken cancellationToken)
    {
        Task<Uri> grant = Want([key])[0];
        return grant.IsCompletedSuccessfully ? ValueTask.FromResult(grant.Result) : new ValueTask<Uri>(grant.WaitAsync(cancellationToken));
    }

    /// <summary>Gets the addresses of many keys that will be wanted.</summary>
    public Task PrepareAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) => Task.WhenAll(Want(keys)).WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<Uri?> RenewAsync(string key, Uri refused, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            // Another reader may have renewed it already.
            if (grants.TryGetValue(key, out TaskCompletionSource<Uri>? known) && known.Task.IsCompletedSuccessfully && known.Task.Result == refused)
                grants.Remove(key);
        }

        return await OfAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await closed.CancelAsync().ConfigureAwait(false);
        Task last;
        lock (gate)
            last = demanding;
        await last.ConfigureAwait(false);
        closed.Dispose();
    }

    private List<Task<Uri>> Want(IReadOnlyList<string> keys)
    {
        var answers = new List<Task<Uri>>(keys.Count);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed.IsCancellationRequested, this);
            foreach (string key in keys)
            {
                if (!grants.TryGetValue(key, out TaskCompletionSource<Uri>? grant))
                {
                    grant = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
                    grants.Add(ObjectKey.Check(key), grant);
                    wanted.Enqueue(new Wish(key, grant));
                }

                answers.Add(grant.Task);
            }

            if (wanted.Count > 0 && !isDemanding)
            {
                isDemanding = true;
                demanding = Task.Run(DemandAllAsync);
            }
        }

        return answers;
    }

    private async Task DemandAllAsync()
    {
        while (NextWishes() is { Count: > 0 } wishes)
        {
            IReadOnlyDictionary<string, Uri> answer;
            try
            {
                answer = await demand([.. wishes.Select(wish => wish.Key)], closed.Token).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                // The readers that wait get the error; whoever asks later causes another demand.
                foreach (Wish wish in wishes)
                    Refuse(wish, error);
                continue;
            }

            foreach (Wish wish in wishes)
            {
                if (answer.TryGetValue(wish.Key, out Uri? address))
                    wish.Grant.SetResult(address);
                else
                    Refuse(wish, new StoreException("StoreAccessDenied", wish.Key, $"No address was granted for {wish.Key}."));
            }
        }
    }

    private List<Wish> NextWishes()
    {
        lock (gate)
        {
            var wishes = new List<Wish>(Math.Min(wanted.Count, LargestDemand));
            while (wishes.Count < LargestDemand && wanted.TryDequeue(out Wish? wish))
                wishes.Add(wish);
            isDemanding = wishes.Count > 0;
            return wishes;
        }
    }

    private void Refuse(Wish wish, Exception error)
    {
        lock (gate)
            grants.Remove(wish.Key);
        wish.Grant.SetException(error);

        // A prepared key that nobody reads after all is no unobserved fault.
        _ = wish.Grant.Task.Exception;
    }

    private sealed record Wish(string Key, TaskCompletionSource<Uri> Grant);
}
