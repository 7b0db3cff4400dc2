using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace ImageFabric.Store.Objects;

/// <summary>
/// Lets exactly one of several writers create an object in a store without conditional writes: Fischer's mutual exclusion. A writer puts its claim
/// into one small object beside the object, waits longer than any write takes, and writes the object only if the claim is still its own; whoever
/// came later has overwritten the claim and looks again. It rests on time: a write that the store performs more than
/// <see cref="ClaimTimes.Settle"/> after it was sent can break it. Store format, "Creating without conditional writes".
/// </summary>
internal sealed class ClaimedCreation(IObjectStore store, ClaimTimes times)
{
    private const int LongestClaim = 4096;
    private const int Looks = 3;

    /// <summary>Creates an object.</summary>
    /// <returns>False when another writer created it, or it was there.</returns>
    /// <exception cref="StoreException"><c>StoreUnreachable</c> when the store takes too long to write claims; and what the store gives.</exception>
    public async Task<bool> CreateAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        string claimKey = $"tmp/claim-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
        var other = new OtherClaim(times.Lease);
        string? last = null;
        bool written = false;
        long slowSince = 0;
        while (true)
        {
            if (await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is not null)
                return written && await IsAsync(key, content, cancellationToken).ConfigureAwait(false);
            long begun = Stopwatch.GetTimestamp();
            if (await TryReadAsync(claimKey, cancellationToken).ConfigureAwait(false) is { } holder && holder != last && !other.IsDead(holder))
            {
                await Task.Delay(times.Poll, cancellationToken).ConfigureAwait(false);
                continue;
            }

            string mine = last = $"{Guid.NewGuid():N} {key}";
            await store.PutAsync(claimKey, Encoding.UTF8.GetBytes(mine), PutMode.Replace, cancellationToken).ConfigureAwait(false);
            if (Stopwatch.GetElapsedTime(begun) > times.Settle)
            {
                // Others may have waited too short a time for it.
                slowSince = slowSince == 0 ? begun : slowSince;
                if (Stopwatch.GetElapsedTime(slowSince) > times.Lease)
                    throw new StoreException("StoreUnreachable", key, $"The store takes more than {times.Settle.TotalSeconds:0} s for a small write, so that no writer can be sure to be the only one.");
                continue;
            }

            await Task.Delay(times.Settle, cancellationToken).ConfigureAwait(false);
            if (!await HoldsAsync(claimKey, mine, cancellationToken).ConfigureAwait(false) || Stopwatch.GetElapsedTime(begun) > times.Lease / 4)
                continue;
            if (await store.StatAsync(key, cancellationToken).ConfigureAwait(false) is null)
                written |= await TryWriteAsync(key, content, cancellationToken).ConfigureAwait(false);
            bool won = written && await IsAsync(key, content, cancellationToken).ConfigureAwait(false);
            await store.DeleteAsync(claimKey, cancellationToken).ConfigureAwait(false);
            return won;
        }
    }

    // Others take a claim for a dead writer's after a while: by then the object is written, or given up.
    private async Task<bool> TryWriteAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(times.Lease / 4);
        try
        {
            await store.PutAsync(key, content, PutMode.Replace, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreException("StoreUnreachable", key, $"The store did not take {key} within {(times.Lease / 4).TotalSeconds:0} s.");
        }
    }

    // Of several replicas one may lag behind.
    private async Task<bool> HoldsAsync(string claimKey, string mine, CancellationToken cancellationToken)
    {
        for (int look = 0; look < Looks; look++)
        {
            if (await TryReadAsync(claimKey, cancellationToken).ConfigureAwait(false) != mine)
                return false;
        }

        return true;
    }

    private async Task<string?> TryReadAsync(string claimKey, CancellationToken cancellationToken)
    {
        try
        {
            return Encoding.UTF8.GetString(await store.ReadAllAsync(claimKey, LongestClaim, cancellationToken).ConfigureAwait(false));
        }
        catch (StoreException none) when (none.Id == "ObjectMissing")
        {
            return null;
        }
    }

    private async Task<bool> IsAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            byte[] found = await store.ReadAllAsync(key, content.Length, cancellationToken).ConfigureAwait(false);
            return content.Span.SequenceEqual(found);
        }
        catch (StoreException another) when (another.Id is "StoreFormatNotSupported" or "ObjectMissing")
        {
            // Longer than ours, or gone again.
            return false;
        }
    }

    /// <summary>A claim of another writer, which counts as dead when it has stood unchanged for so long.</summary>
    private sealed class OtherClaim(TimeSpan lease)
    {
        private string? seen;
        private long since;

        public bool IsDead(string claim)
        {
            if (claim != seen)
                (seen, since) = (claim, Stopwatch.GetTimestamp());
            return Stopwatch.GetElapsedTime(since) > lease;
        }
    }
}

/// <summary>How long creating without conditional writes waits.</summary>
internal sealed record ClaimTimes
{
    /// <summary>The usual times.</summary>
    public static ClaimTimes Default { get; } = new();

    /// <summary>Longer than the store takes to perform a small write, from its being sent on.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a claim stands before its writer counts as dead. A writer begins to write the object within a quarter of it, and gives up within another.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time between two looks at another writer's claim.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);
}
