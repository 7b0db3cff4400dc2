using ImageFabric.Engine.Output;
using ImageFabric.Store.Publish;

namespace ImageFabric.Engine.Operations;

/// <summary>Passes a transfer's progress on under one activity.</summary>
internal sealed class TransferReport(IEventOutput output, string activity) : IProgress<TransferProgress>
{
    public void Report(TransferProgress value) => output.Progress(activity, value.Done, value.Total > 0 ? value.Total : null);
}
