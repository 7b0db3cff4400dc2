using System.Runtime.Serialization;
using ImageFabric.Engine.Operations;
using ImageFabric.Engine.Output;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Serve;

/// <summary>One request as a line of JSON on standard input, answered by lines of JSON; the end of standard input cancels it.</summary>
internal static class ServeSession
{
    public static Task<int> RunAsync(Stream input, JsonLinesOutput output, CancellationToken cancellationToken)
    {
        RequestInput lines = RequestInput.Start(input);
        return Execution.RunAsync(output, cancel => RunAsync(lines, output, cancel), cancellationToken);
    }

    private static async Task RunAsync(RequestInput input, JsonLinesOutput output, CancellationTokenSource cancel)
    {
        string line = await input.ReadLineAsync(cancel.Token).ConfigureAwait(false)
            ?? throw new OperationException("InvalidRequest", null, "There was no request.");
        EngineRequest request = Parse(line);
        if (request is GrantRequest grant)
        {
            // Here the end of standard input is simply the end of the work.
            await GrantOperation.RunAsync(grant, input, output, cancel.Token).ConfigureAwait(false);
            return;
        }

        Task operation = Start(request, input, output, cancel.Token);
        if (await Task.WhenAny(operation, input.Ended).ConfigureAwait(false) == input.Ended)
            await cancel.CancelAsync().ConfigureAwait(false);
        await operation.ConfigureAwait(false);
    }

    private static Task Start(EngineRequest request, RequestInput input, JsonLinesOutput output, CancellationToken cancellationToken) => request switch
    {
        PublishRequest r => PublishOperation.RunAsync(r, output, cancellationToken),
        ListRequest r => CatalogOperations.ListAsync(r, output, cancellationToken),
        RemoveRequest r => CatalogOperations.RemoveAsync(r, output, cancellationToken),
        OptimizeRequest r => OptimizeOperation.RunAsync(r, output, cancellationToken),
        CompareRequest r => CompareOperation.RunAsync(r, output, cancellationToken),
        RepairRequest r => RepairOperation.RunAsync(r, output, cancellationToken),
        CopyRequest r => CopyOperation.RunAsync(r, output, cancellationToken),
        VerifyRequest r => CatalogOperations.VerifyAsync(r, output, cancellationToken),
        ProbeRequest r => CatalogOperations.ProbeAsync(r, output, cancellationToken),
        TestRequest r => CatalogOperations.TestAsync(r, output, cancellationToken),
        SaveRequest r => FilePullOperation.RunAsync(r, output, cancellationToken),
        PullRequest r => HostPullOperation.RunAsync(r, new GrantClient(input, output), output, cancellationToken),
        VmCreateRequest r => HostVmOperations.CreateAsync(r, output, cancellationToken),
        VmListRequest r => HostVmOperations.ListAsync(r, output, cancellationToken),
        VmRemoveRequest r => HostVmOperations.RemoveAsync(r, output, cancellationToken),
        HostImageListRequest r => HostImageOperations.ListAsync(r, output, cancellationToken),
        HostImageRemoveRequest r => HostImageOperations.RemoveAsync(r, output, cancellationToken),
        HostImageReadRequest r => HostImageReadOperation.RunAsync(r, output, cancellationToken),
        HostImageTestRequest r => HostImageOperations.TestAsync(r, output, cancellationToken),
        HostTestRequest r => HostTestOperation.RunAsync(r, output, cancellationToken),
        _ => throw new ArgumentException($"No operation for {request.GetType().Name}.", nameof(request)),
    };

    private static EngineRequest Parse(string line)
    {
        EngineRequest header = Read<EngineRequest>(line);
        if (header.Protocol != EngineRequest.CurrentProtocol)
            throw new OperationException("ProtocolMismatch", null, $"The request is of protocol {header.Protocol}; this engine speaks {EngineRequest.CurrentProtocol}.");
        return header.Operation switch
        {
            Protocol.Operations.Publish => Read<PublishRequest>(line),
            Protocol.Operations.List => Read<ListRequest>(line),
            Protocol.Operations.Remove => Read<RemoveRequest>(line),
            Protocol.Operations.Optimize => Read<OptimizeRequest>(line),
            Protocol.Operations.Compare => Read<CompareRequest>(line),
            Protocol.Operations.Repair => Read<RepairRequest>(line),
            Protocol.Operations.HostImageRead => Read<HostImageReadRequest>(line),
            Protocol.Operations.Copy => Read<CopyRequest>(line),
            Protocol.Operations.Verify => Read<VerifyRequest>(line),
            Protocol.Operations.Probe => Read<ProbeRequest>(line),
            Protocol.Operations.Test => Read<TestRequest>(line),
            Protocol.Operations.Save => Read<SaveRequest>(line),
            Protocol.Operations.Grant => Read<GrantRequest>(line),
            Protocol.Operations.Pull => Read<PullRequest>(line),
            Protocol.Operations.VmCreate => Read<VmCreateRequest>(line),
            Protocol.Operations.VmList => Read<VmListRequest>(line),
            Protocol.Operations.VmRemove => Read<VmRemoveRequest>(line),
            Protocol.Operations.HostImageList => Read<HostImageListRequest>(line),
            Protocol.Operations.HostImageRemove => Read<HostImageRemoveRequest>(line),
            Protocol.Operations.HostImageTest => Read<HostImageTestRequest>(line),
            Protocol.Operations.HostTest => Read<HostTestRequest>(line),
            _ => throw new OperationException("InvalidRequest", header.Operation, $"There is no operation '{header.Operation}'."),
        };
    }

    private static T Read<T>(string line)
        where T : EngineRequest
    {
        try
        {
            return ProtocolJson.Deserialize<T>(line);
        }
        catch (SerializationException malformed)
        {
            throw new OperationException("InvalidRequest", null, $"The request cannot be read: {malformed.Message}", malformed);
        }
    }
}
