using System.Text.Json.Nodes;
using ImageFabric.Engine.Tests.Hosts;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Windows;

/// <summary>A Windows host of the testbed, as somebody sees it who sits at it.</summary>
/// <param name="name">The name that ssh_config knows.</param>
internal sealed class WindowsHost(string name)
{
    /// <summary>The Windows hosts; none without a testbed that has them.</summary>
    public static IReadOnlyList<WindowsHost> All { get; } =
        [.. (Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_WINDOWS_HOSTS") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => new WindowsHost(n))];

    public string Name { get; } = name;

    /// <summary>The machines that its Hyper-V has.</summary>
    public IReadOnlyList<JsonObject> Machines
    {
        get
        {
            string state = File(@"C:\ProgramData\Hyper-V stand-in\state.json");
            return System.IO.File.Exists(state) ? [.. JsonNode.Parse(System.IO.File.ReadAllText(state))!["machines"]!.AsArray().Select(m => m!.AsObject())] : [];
        }
    }

    private string Drive => Path.Combine(Environment.GetEnvironmentVariable("IMAGEFABRIC_TEST_HOST_DIR")!, Name, "prefix", "drive_c");

    /// <summary>Where a file of its drive C: is.</summary>
    public string File(string path) => Path.Combine(Drive, path[@"C:\".Length..].Replace('\\', '/'));

    /// <summary>Runs the program here, with the testbed's ssh_config.</summary>
    public static async Task<EngineAnswer> RunAsync(params string[] command) =>
        await EngineProgram.RunAsync([.. command, "--json"], new Dictionary<string, string?> { ["IMAGEFABRIC_SSH_CONFIG"] = Testbed.SshConfig });

    /// <summary>Starts the program here.</summary>
    public static EngineProgram Start(params string[] command) =>
        EngineProgram.Start([.. command, "--json"], new Dictionary<string, string?> { ["IMAGEFABRIC_SSH_CONFIG"] = Testbed.SshConfig });
}

/// <summary>A test on Windows hosts of the testbed; skipped, and shown as such, where there are none.</summary>
public sealed class WindowsHostFactAttribute : FactAttribute
{
    public WindowsHostFactAttribute() => Skip = Requirements.First(
        EngineProgram.WhyNot, Requirements.QemuImg, Requirements.Store, WindowsHost.All.Count > 0 ? null : "IMAGEFABRIC_TEST_WINDOWS_HOSTS is not set; tests/testbed/up.sh DIR --windows");
}

/// <summary>Tests on the testbed's Windows hosts, one after the other, beside those on KVM hosts.</summary>
[CollectionDefinition(Name)]
public sealed class WindowsHostsCollection : ICollectionFixture<PublishedImages>
{
    public const string Name = "windows hosts";
}
