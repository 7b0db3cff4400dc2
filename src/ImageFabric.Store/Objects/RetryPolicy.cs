using System.Diagnostics;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace ImageFabric.Store.Objects;

/// <summary>How long the back ends go on against faults that may pass. The one policy: the SDK's own is off.</summary>
internal sealed record RetryPolicy
{
    /// <summary>For work that is under way.</summary>
    public static RetryPolicy Default { get; } = new();

    /// <summary>For the first contact, where a wrong address is likelier than a store that restarts.</summary>
    public static RetryPolicy Opening { get; } = new() { Patience = TimeSpan.FromSeconds(15) };

    /// <summary>How long attempts may go on failing, from the first failure, or from the last byte that was won.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The wait after the first failure; it doubles with each.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an attempt may move no byte.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest wait that a service may ask for; a service that wants more is given up at once.</summary>
    public TimeSpan LongestTold { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a service may ask to wait in all, beyond <see cref="Patience"/>.</summary>
    public TimeSpan LongestToldInAll { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Told of every fault that may pass.</summary>
    public Action? OnFault { get; init; }

    /// <summary>Attempts the work until it succeeds, fails for good, or patience is over.</summary>
    /// <param name="target">The object or store, for the error.</param>
    /// <param name="work">The work; throws a <see cref="StoreException"/> for what is final.</param>
    /// <param name="cancellationToken">Stops waiting and work.</param>
    /// <exception cref="StoreException"><c>StoreUnreachable</c> with the last cause, or what the work threw.</exception>
    public async Task<T> RunAsync<T>(string target, Func<Attempt, Task<T>> work, CancellationToken cancellationToken)
    {
        long firstFailure = 0;
        int failures = 0;
        TimeSpan told = TimeSpan.Zero;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var attempt = new Attempt(Stall, cancellationToken);
            try
            {
                return await work(attempt).ConfigureAwait(false);
            }
            catch (Exception error) when (IsFault(error))
            {
                // A fault in the very moment of a cancellation is that cancellation.
                if (cancellationToken.IsCancellationRequested)
                    throw new OperationCanceledException(error.Message, error, cancellationToken);
                OnFault?.Invoke();
                if (attempt.Gained)
                    failures = 0;
                if (failures++ == 0)
                    firstFailure = Stopwatch.GetTimestamp();
                TimeSpan left = Patience + told - Stopwatch.GetElapsedTime(firstFailure);
                if (left <= TimeSpan.Zero || !MayPass(error))
                    throw Unreachable(target, attempt, error);
                TimeSpan delay = DelayAfter(failures);
                if (error is PassingFaultException { RetryAfter: { } asked })
                {
                    if (asked > LongestTold || told + asked > LongestToldInAll)
                        throw Unreachable(target, attempt, error);

                    // The time that was asked for is no time of failing.
                    told += asked;
                    left += asked;
                    delay = asked > delay ? asked : delay;
                }

                await Task.Delay(delay < left ? delay : left, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private TimeSpan DelayAfter(int failures)
    {
        double doubled = FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30));

        // Many hosts lose a store at the same moment; they must not come back at the same moment.
        double jitter = 0.5 + (Random.Shared.NextDouble() / 2);
        return TimeSpan.FromMilliseconds(Math.Min(doubled, LongestDelay.TotalMilliseconds) * jitter);
    }

    private static bool IsFault(Exception error) => error
        is PassingFaultException or HttpRequestException or IOException or SocketException or TimeoutException or OperationCanceledException;

    /// <summary>False for network faults that no waiting mends: a certificate that is not trusted, a name that does not exist.</summary>
    private static bool MayPass(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException or SocketException { SocketErrorCode: SocketError.HostNotFound })
                return false;
        }

        return true;
    }

    private static StoreException Unreachable(string target, Attempt attempt, Exception error)
    {
        if (NetworkFault.RefusedCertificate(error) is { } refused)
            return new StoreException("CertificateNotTrusted", target, $"No connection is made for {target}: {refused.Message}.", error);
        return new StoreException("StoreUnreachable", target, $"The store does not answer for {target}: {NetworkFault.Describe(error, attempt.Stalled)}.", error);
    }
}
