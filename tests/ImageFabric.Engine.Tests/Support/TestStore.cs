using ImageFabric.Protocol;
using ImageFabric.Store.Objects;

namespace ImageFabric.Engine.Tests.Support;

/// <summary>A store of one test's own: a directory, or a prefix of the testbed's bucket.</summary>
internal sealed class TestStore
{
    private static int made;

    private readonly string? endpoint;

    private TestStore(string uri, string? endpoint) => (Uri, this.endpoint) = (uri, endpoint);

    public string Uri { get; }

    /// <summary>The same store by another way.</summary>
    public TestStore Through(Relay relay) => new(Uri, relay.Endpoint);

    /// <summary>The options that name it on a command line.</summary>
    public string[] Options => endpoint is null ? ["--store", Uri] : ["--store", Uri, "--endpoint", endpoint];

    /// <summary>As it stands in a request.</summary>
    public StoreReference Reference => new() { Uri = Uri, Endpoint = endpoint };

    public static TestStore InDirectory(string path) => new(path, null);

    public static TestStore InBucket() => new(
        $"s3://{Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_BUCKET")}/engine-{Environment.ProcessId}-{Guid.NewGuid():N}-{Interlocked.Increment(ref made)}",
        Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_ENDPOINT"));

    /// <summary>The same store without the program, to look into it or to damage it.</summary>
    public Task<IObjectStore> OpenAsync() =>
        ObjectStores.OpenAsync(new ObjectStoreLocation { Uri = Uri, Endpoint = endpoint }, create: true, CancellationToken.None);

    /// <summary>Runs a command on the store with <c>--json</c>.</summary>
    public Task<EngineAnswer> RunAsync(string command, params string[] arguments) => EngineProgram.RunAsync(Arguments(command, arguments));

    /// <summary>Starts a command on the store with <c>--json</c>.</summary>
    public EngineProgram Start(string command, params string[] arguments) => EngineProgram.Start(Arguments(command, arguments));

    public Task<EngineAnswer> PublishAsync(string file, string version, params string[] more) =>
        RunAsync("publish", [file, "--name", "disk", "--version", version, .. more]);

    public Task<EngineAnswer> PullAsync(string version, string output, params string[] more) =>
        RunAsync("pull", [$"disk:{version}", "--output", output, .. more]);

    private string[] Arguments(string command, string[] arguments) => [command, .. arguments, .. Options, "--json"];
}
