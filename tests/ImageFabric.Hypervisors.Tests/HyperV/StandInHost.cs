using System.Text.Json.Nodes;
using ImageFabric.Hypervisors.HyperV;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.HyperV;

/// <summary>
/// A host whose PowerShell is pwsh and whose Hyper-V is the stand-in in <c>tests/testbed/windows/Hyper-V</c>: the operation scripts run as they are, in
/// processes of their own, against cmdlets that check their parameters as the published syntax says.
/// </summary>
internal sealed class StandInHost : IDisposable
{
    public const long ImageSize = 1 << 20;
    public const string Foreign = "foreign";

    private readonly TemporaryDirectory _directory = new();

    public StandInHost()
    {
        Directory.CreateDirectory(State);
        Directory.CreateDirectory(ImageDirectory);
        File.WriteAllBytes(Base, SmallVhdx.Of(ImageSize));
        File.SetAttributes(Base, FileAttributes.ReadOnly);
        Change(state =>
        {
            state["switches"] = new JsonArray("lan", "dmz");
            state["machines"] = new JsonArray(Machine(Foreign, Path.Combine(_directory.Path, "elsewhere", Foreign)));
        });
        Hypervisor = With(CopyAsync);
    }

    public HyperVHypervisor Hypervisor { get; }

    public List<string> Warnings { get; } = [];

    public string ImageDirectory => _directory.File("images");

    public string Base => Path.Combine(ImageDirectory, "base.vhdx");

    public BaseImage Image => new(Base, "vhdx", "sha256:abc", ImageSize, "tiny:v1") { BootMode = "UEFI" };

    /// <summary>The machines that Hyper-V has, without the one that is none of ours.</summary>
    public IReadOnlyList<JsonObject> Machines => [.. Read()["machines"]!.AsArray().Select(m => m!.AsObject()).Where(m => (string?)m["name"] != Foreign)];

    /// <summary>The cmdlets that changed something, in the order of their calls.</summary>
    public IReadOnlyList<string> Calls => File.Exists(StateFile("calls")) ? File.ReadAllLines(StateFile("calls")) : [];

    /// <summary>Every file and directory below the machines' directory.</summary>
    public IReadOnlyList<string> Left
    {
        get
        {
            string root = Path.Combine(ImageDirectory, "vms");
            return Directory.Exists(root)
                ? [.. Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f)).Where(f => f != ".lock")]
                : [];
        }
    }

    private string State => _directory.File("state");

    public static JsonObject Machine(string name, string path) => JsonNode.Parse($$"""
        {
          "id": "{{Guid.NewGuid()}}", "name": "{{name}}", "generation": 2, "path": "{{path}}", "notes": "", "state": "Off", "cpu": 1, "memory": 1073741824,
          "startAction": "Nothing", "checkpoints": "Production", "disks": [], "dvds": [], "adapters": [], "snapshots": [], "addresses": []
        }
        """)!.AsObject();

    /// <summary>The same host with another way to copy disks.</summary>
    public HyperVHypervisor With(Func<string, string, CancellationToken, Task> copy) => new(ImageDirectory, copy, Module("pwsh"), TimeSpan.FromMilliseconds(20));

    public HyperVModule Module(string program) => new(program, new Dictionary<string, string>
    {
        ["HYPERV_STAND_IN"] = State,
        ["PSModulePath"] = Path.Combine(AppContext.BaseDirectory, "Modules"),
        ["POWERSHELL_UPDATECHECK"] = "Off",
    });

    public Task<VmResult> CreateAsync(VmCreateRequest request, CancellationToken ct = default) => Hypervisor.CreateAsync(request, Image, Warnings.Add, ct);

    public void Change(Action<JsonObject> change)
    {
        JsonObject state = Read();
        change(state);
        File.WriteAllText(StateFile("state.json"), state.ToJsonString());
    }

    /// <summary>Has a cmdlet fail: <c>before</c> or <c>after</c> it did its work, with <c>refuse</c>, <c>deny</c>, <c>full</c> or <c>hang</c>.</summary>
    public void Fail(string cmdlet, string when, string how = "refuse") => File.WriteAllText(StateFile("fault"), $"{cmdlet} {when} {how}");

    public void Mend() => File.Delete(StateFile("fault"));

    public void ForgetCalls() => File.Delete(StateFile("calls"));

    public bool Hangs => File.Exists(StateFile("hanging"));

    public void Dispose() => _directory.Dispose();

    private static Task CopyAsync(string from, string to, CancellationToken ct)
    {
        File.WriteAllBytes(to, File.ReadAllBytes(from));
        return Task.CompletedTask;
    }

    private JsonObject Read() => File.Exists(StateFile("state.json"))
        ? JsonNode.Parse(File.ReadAllText(StateFile("state.json")))!.AsObject()
        : new JsonObject { ["machines"] = new JsonArray(), ["switches"] = new JsonArray(), ["service"] = "Running", ["address"] = "" };

    private string StateFile(string name) => Path.Combine(State, name);
}
