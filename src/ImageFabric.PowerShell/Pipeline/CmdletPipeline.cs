using System;
using System.Collections.Concurrent;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>
/// The way from worker threads to PowerShell, which may be spoken to from the pipeline's own thread only. Workers put what they have to say
/// into a queue; <see cref="PumpUntil"/> says it on the pipeline's thread.
/// </summary>
internal sealed class CmdletPipeline(PSCmdlet cmdlet, string name, CancellationToken stopping)
{
    private readonly BlockingCollection<Action> _queue = [];

    /// <summary>The progress bars of this cmdlet.</summary>
    public ProgressPane Progress { get; } = new(name);

    public void WriteObject(object item) => _queue.Add(() => cmdlet.WriteObject(item));

    public void WriteError(ErrorRecord error) => _queue.Add(() => cmdlet.WriteError(error));

    public void WriteWarning(string text) => _queue.Add(() => cmdlet.WriteWarning(text));

    public void WriteVerbose(string text) => _queue.Add(() => cmdlet.WriteVerbose(text));

    /// <summary>Asks the user, or answers for <c>-WhatIf</c> and <c>-Confirm</c>.</summary>
    public Task<bool> ShouldProcessAsync(string target, string action) => AskAsync(() => cmdlet.ShouldProcess(target, action));

    /// <summary>Has the pipeline's thread answer a question; what the question throws comes out of the task.</summary>
    public async Task<T> AskAsync<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = stopping.Register(() => answer.TrySetCanceled(stopping));
        _queue.Add(() =>
        {
            try
            {
                answer.TrySetResult(question());
            }
            catch (Exception e)
            {
                answer.TrySetException(e);
            }
        });
        return await answer.Task.ConfigureAwait(false);
    }

    /// <summary>On the pipeline's thread: the command has nothing more to do.</summary>
    public void End() => Progress.End(cmdlet.WriteProgress);

    /// <summary>On the pipeline's thread: says what workers have to say until <paramref name="work"/> has ended and nothing is left to say.</summary>
    /// <exception cref="OperationCanceledException">The pipeline is being stopped.</exception>
    /// <remarks>What PowerShell throws comes through: <c>-ErrorAction Stop</c>, or a command downstream that wants no more.</remarks>
    public void PumpUntil(Task work)
    {
        // An empty action wakes the queue when the work ends.
        work.ContinueWith(_ => _queue.Add(static () => { }), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        while (true)
        {
            // Seen before the queue is: what the work said comes before its end.
            bool ended = work.IsCompleted;
            if (_queue.TryTake(out Action? say, ended ? 0 : ProgressPane.IntervalMilliseconds, stopping))
                say();
            else if (ended)
                break;
            Progress.Show(cmdlet.WriteProgress);
        }

        Progress.Show(cmdlet.WriteProgress);
    }
}
