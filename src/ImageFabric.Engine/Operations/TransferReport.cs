using ImageFabric.Engine.Output;
using ImageFabric.Store.Publish;

namespace ImageFabric.Engine.Operations;

/// <summary>Passes a transfer's progress on under one activity.</summary>
internal sealed class TransferReport(IEventOutput output, string activity) : IProgress<TransferProgress>
{
    public void Report(TransferProgress value) => output.Progress(new ProgressReport(activity, value.Done, value.Total > 0 ? value.Total : null)
    {
        ToFetch = value.ToFetch,
        Fetched = value.ToFetch is null && value.Fetched == 0 ? null : value.Fetched,
        Reused = value.ToFetch is null && value.Reused == 0 ? null : value.Reused,
    });
}
