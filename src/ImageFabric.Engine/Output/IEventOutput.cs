using ImageFabric.Protocol;

namespace ImageFabric.Engine.Output;

/// <summary>Where an operation says what it does. Used from many threads at once.</summary>
internal interface IEventOutput
{
    /// <summary>Errors written so far.</summary>
    int ErrorsWritten { get; }

    /// <summary>How far the work is; called as often as it suits the work, passed on at most five times a second.</summary>
    /// <param name="activity">What is being done, in a few words.</param>
    /// <param name="done">Bytes done.</param>
    /// <param name="total">Bytes in all; null while unknown.</param>
    void Progress(string activity, long done, long? total) => Progress(new ProgressReport(activity, done, total));

    /// <summary>The same with what else is known of it.</summary>
    void Progress(ProgressReport report);

    /// <summary>Something the user should know although the work goes on.</summary>
    void Warning(string message);

    /// <summary>Something only the curious want to know.</summary>
    void Verbose(string message);

    /// <summary>A result of the operation.</summary>
    void Result(EngineEvent result);

    /// <summary>Results of many items, in their order.</summary>
    /// <param name="items">What they are of.</param>
    /// <param name="describe">Makes the result of one; called from many threads at once.</param>
    /// <param name="cancellationToken">Stops it.</param>
    void Results<T>(IReadOnlyList<T> items, Func<T, EngineEvent> describe, CancellationToken cancellationToken)
    {
        foreach (T item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Result(describe(item));
        }
    }

    /// <summary>A failure of the operation or of one item of it.</summary>
    void Error(ErrorEvent error);
}
