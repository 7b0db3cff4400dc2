using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Operations;

/// <summary>Has one host, here or over SSH, do an operation of its own.</summary>
internal static class HostOperations
{
    public static Task RunAsync<T>(HostAddress host, HostRequest request, IEventOutput output, CancellationToken cancellationToken)
        where T : EngineEvent => RunAsync<T>(host, request, output.Result, output, cancellationToken);

    /// <summary>Checks images; one that is damaged makes the command fail.</summary>
    public static Task VerifyAsync(HostAddress host, HostImageTestRequest request, IEventOutput output, CancellationToken cancellationToken) =>
        RunAsync<HostImageTestResult>(
            host,
            request,
            result =>
            {
                output.Result(result);
                if (!result.Intact)
                    output.Error(Faults.Describe(new OperationException("HostImageCorrupt", result.Image, $"{host}: {result.Path}: {result.Damage}")));
            },
            output,
            cancellationToken);

    private static Task RunAsync<T>(HostAddress host, HostRequest request, Action<T> onResult, IEventOutput output, CancellationToken cancellationToken)
        where T : EngineEvent =>
        new HostEngine(host, OwnEngine.Open()).RunAsync(request, onResult, output.Error, new OutputObserver(output, null), null, cancellationToken);
}
