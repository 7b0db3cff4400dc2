using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>What <c>tests/testbed/up.sh</c> put into the environment about its hosts.</summary>
internal static class Testbed
{
    public static string SshConfig => Variable("IMAGEFABRIC_TEST_SSH_CONFIG");

    public static string KnownHosts => Variable("IMAGEFABRIC_TEST_KNOWN_HOSTS");

    public static string SshKey => Variable("IMAGEFABRIC_TEST_SSH_KEY");

    /// <summary>The tiny bootable image, qcow2; the same disk as raw lies beside it.</summary>
    public static string FirstImage => Variable("IMAGEFABRIC_TEST_IMAGE_V1");

    /// <summary>Its next version.</summary>
    public static string SecondImage => Variable("IMAGEFABRIC_TEST_IMAGE_V2");

    /// <summary>The KVM hosts; none without a testbed.</summary>
    public static IReadOnlyList<KvmHost> Hosts { get; } =
        [.. Words("IMAGEFABRIC_TEST_HOST_NAMES").Zip(Words("IMAGEFABRIC_TEST_HOSTS"), (name, address) => new KvmHost(name, address))];

    /// <summary>Cuts the power of a host, or switches it on.</summary>
    public static Task PowerAsync(KvmHost host, bool on) =>
        Tool.RunAsync(Path.Combine(Repository.Root, "tests", "testbed", "host.sh"), Variable("IMAGEFABRIC_TESTBED"), on ? "start" : "stop", host.Name);

    private static string[] Words(string variable) => (Environment.GetEnvironmentVariable(variable) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} is not set.");
}
