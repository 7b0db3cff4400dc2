namespace ImageFabric.Hypervisors.Machines;

/// <summary>
/// What has to be done to take back what was made. A step is added before the thing is made, and finds out itself whether there is
/// anything to take back: so nothing is missed however the making ended.
/// </summary>
/// <param name="stepLimit">How long each step may take.</param>
internal sealed class Undo(TimeSpan stepLimit)
{
    private readonly Stack<(string What, Func<CancellationToken, Task> TakeBack)> _steps = new();

    /// <summary>Adds a step.</summary>
    /// <param name="what">Names it in an error, for example <c>remove the files</c>.</param>
    /// <param name="takeBack">Does it.</param>
    public void Add(string what, Func<CancellationToken, Task> takeBack) => _steps.Push((what, takeBack));

    /// <summary>Does all steps, the last first, each within its own time limit and whatever became of the others.</summary>
    /// <returns>One sentence for each step that failed.</returns>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        var failures = new List<string>();
        while (_steps.TryPop(out (string What, Func<CancellationToken, Task> TakeBack) step))
        {
            using var limit = new CancellationTokenSource(stepLimit);
            try
            {
                await step.TakeBack(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                failures.Add($"{step.What}: it took longer than {stepLimit.TotalSeconds:0} s");
            }
            catch (Exception e)
            {
                failures.Add($"{step.What}: {e.Message}");
            }
        }
        return failures;
    }
}
