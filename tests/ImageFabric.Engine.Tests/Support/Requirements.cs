namespace ImageFabric.Engine.Tests.Support;

/// <summary>What a test needs of the machine it runs on; each is null when it is there, otherwise the reason to skip.</summary>
internal static class Requirements
{
    public static string? QemuImg { get; } = Tool("qemu-img");

    /// <summary>The S3 store of the testbed.</summary>
    public static string? Store { get; } = Variables("IMAGEFABRIC_TESTBED", "IMAGEFABRIC_TEST_ENDPOINT", "IMAGEFABRIC_TEST_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");

    /// <summary>The KVM hosts of the testbed.</summary>
    public static string? Hosts { get; } = Variables("IMAGEFABRIC_TEST_HOST_NAMES", "IMAGEFABRIC_TEST_SSH_CONFIG");

    /// <summary>The first thing that is missing.</summary>
    public static string? First(params string?[] reasons) => Array.Find(reasons, reason => reason is not null);

    private static string? Variables(params string[] names) =>
        Array.Find(names, name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))) is { } missing
            ? $"{missing} is not set; tests/testbed/up.sh DIR, then . DIR/env"
            : null;

    private static string? Tool(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, name)))
            ? null
            : $"{name} is not installed";
}
