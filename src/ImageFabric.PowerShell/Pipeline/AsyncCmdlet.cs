using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>
/// A cmdlet whose work is asynchronous: it runs on worker threads while the pipeline's thread says what they have to say. Ctrl+C cancels the
/// work and returns when it has cleaned up, at the latest after 1.8 s.
/// </summary>
public abstract class AsyncCmdlet : PSCmdlet, IDisposable
{
    // An engine is given 1.5 s to end by itself before it is killed.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.8);

    // Never disposed: PowerShell may call StopProcessing after Dispose.
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _workers = [];
    private readonly List<IDisposable> _owned = [];
    private Task _stage = Task.CompletedTask;

    private protected AsyncCmdlet()
    {
        var name = (CmdletAttribute)Attribute.GetCustomAttribute(GetType(), typeof(CmdletAttribute));
        Pipeline = new CmdletPipeline(this, $"{name.VerbName}-{name.NounName}", _stopping.Token);
    }

    /// <summary>The way from workers to PowerShell.</summary>
    private protected CmdletPipeline Pipeline { get; }

    /// <summary>Ends what the pipeline has left running.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected sealed override void BeginProcessing()
    {
        // A variable that was never set is no wish for the default. What comes through the pipeline is not bound yet, and may be blank;
        // a script block stands for what it will make of each record.
        if (MyInvocation.BoundParameters.FirstOrDefault(given => given.Value is null or "" && IsText(given.Key)).Key is { } empty)
            ThrowTerminatingError(EngineErrorRecord.From(new FleetException("InvalidRequest", $"-{empty}", $"-{empty} is empty. Give it a value, or leave it out."), null));
        Run(BeginAsync, terminating: true);
    }

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Run(ProcessAsync, terminating: false);

    /// <inheritdoc/>
    protected sealed override void EndProcessing()
    {
        Run(EndAsync, terminating: false);
        Pipeline.End();
    }

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => _stopping.Cancel();

    /// <summary>Ends what the pipeline has left running.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            Abandon();
    }

    /// <summary>Before the first record. A <see cref="FleetException"/> ends the command.</summary>
    private protected virtual Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>For each record. A <see cref="FleetException"/> fails this record only.</summary>
    private protected virtual Task ProcessAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After the last record; waits for the workers.</summary>
    private protected virtual Task EndAsync(CancellationToken cancellationToken) => Task.WhenAll(_workers);

    /// <summary>True when the user only wants to know what would be done: then it may cost something to say it well.</summary>
    private protected Task<bool> IsTrialAsync() => Pipeline.AskAsync(
        () => MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given) ? ((SwitchParameter)given).IsPresent : LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference")));

    /// <summary>Does work beside the records that follow. It tells its own errors by <see cref="CmdletPipeline.WriteError"/>.</summary>
    private protected void StartWorker(Func<Task> work) => _workers.Add(Task.Run(work));

    /// <summary>Has the end of the command dispose of something; the resource may take its time for that.</summary>
    private protected T Own<T>(T resource)
        where T : IDisposable
    {
        lock (_owned)
            _owned.Add(resource);
        return resource;
    }

    private bool IsText(string parameter) => GetType().GetProperty(parameter)?.PropertyType == typeof(string);

    private void Run(Func<CancellationToken, Task> stage, bool terminating)
    {
        _stage = Task.Run(() => stage(_stopping.Token));
        try
        {
            Pipeline.PumpUntil(_stage);
            _stage.GetAwaiter().GetResult();
        }
        catch (FleetException e) when (terminating)
        {
            ThrowTerminatingError(EngineErrorRecord.From(e, null));
        }
        catch (FleetException e)
        {
            WriteError(EngineErrorRecord.From(e, null));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            Abandon();
            throw new PipelineStoppedException();
        }
    }

    private void Abandon()
    {
        _stopping.Cancel();
        Task[] disposals;
        lock (_owned)
        {
            disposals = [.. _owned.Select(static resource => Task.Run(resource.Dispose))];
            _owned.Clear();
        }

        // How each of them ended does not matter any more; WhenAny does not throw.
        Task all = Task.WhenAll([_stage, .. _workers, .. disposals]);
        Task.WhenAny(all, Task.Delay(Grace, CancellationToken.None)).GetAwaiter().GetResult();
    }
}
