using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Tests.Kvm;

/// <summary>A host whose virsh and qemu-img are the scripts in <c>Fakes</c>, with an image directory and one machine that is none of ours.</summary>
internal sealed class FakeHost : IDisposable
{
    public const long ImageSize = 1 << 20;
    public const string Foreign = "foreign";
    private static readonly Guid ForeignId = Guid.Parse("00000000-0000-4000-8000-000000000001");

    private readonly TemporaryDirectory _directory = new();

    public FakeHost()
    {
        foreach (string tool in new[] { "virsh", "qemu-img" })
            File.CreateSymbolicLink(_directory.File(tool), Path.Combine(AppContext.BaseDirectory, "Fakes", tool));
        Directory.CreateDirectory(Path.Combine(State, "domains"));
        Set("capabilities.xml", Capabilities("qemu"));
        Set("domcapabilities.xml", "<domainCapabilities><cpu><mode name='maximum' supported='yes'/></cpu></domainCapabilities>");
        Set("networks", "default\nlab\nidle\n");
        Set("networks-active", "default\nlab\n");
        Set("capacity", "4194304");
        foreach (string source in new[] { "lease", "agent", "arp" })
            Set($"addresses-{source}", "");
        AddDomain(ForeignId, Foreign, $"<domain type='qemu'><name>{Foreign}</name><uuid>{ForeignId}</uuid><memory unit='KiB'>1024</memory></domain>");
        Directory.CreateDirectory(ImageDirectory);
        File.WriteAllText(Base, "base image");
        Hypervisor = new KvmHypervisor(ImageDirectory, Virsh, new QemuImg(_directory.File("qemu-img")), TimeSpan.FromMilliseconds(1));
    }

    public KvmHypervisor Hypervisor { get; }

    public Virsh Virsh => new("qemu:///fake", _directory.File("virsh"));

    public List<string> Warnings { get; } = [];

    public string ImageDirectory => _directory.File("images");

    public string Base => Path.Combine(ImageDirectory, "base.raw");

    public BaseImage Image => new(Base, "raw", "sha256:abc", ImageSize, "tiny:v1");

    private string State => _directory.File("state");

    public static string Capabilities(params string[] domainTypes) =>
        $"""
        <capabilities><guest><os_type>hvm</os_type><arch name='x86_64'><machine>q35</machine>{string.Concat(domainTypes.Select(t => $"<domain type='{t}'/>"))}</arch></guest></capabilities>
        """;

    public void Set(string file, string content) => File.WriteAllText(Path.Combine(State, file), content);

    public void Unset(string file) => File.Delete(Path.Combine(State, file));

    public void AddDomain(Guid id, string name, string xml, string state = "shut off")
    {
        string directory = Directory.CreateDirectory(Path.Combine(State, "domains", id.ToString())).FullName;
        File.WriteAllText(Path.Combine(directory, "xml"), xml);
        File.WriteAllText(Path.Combine(directory, "name"), name);
        File.WriteAllText(Path.Combine(directory, "state"), state);
    }

    /// <summary>What the domain will be at its next start.</summary>
    public void SetInactive(Guid id, string xml) => File.WriteAllText(Path.Combine(State, "domains", id.ToString(), "inactive"), xml);

    public void Rename(string id, string name) => File.WriteAllText(Path.Combine(State, "domains", id, "name"), name);

    public void Forget(string id) => Directory.Delete(Path.Combine(State, "domains", id), recursive: true);

    public void SetState(string id, string state) => File.WriteAllText(Path.Combine(State, "domains", id, "state"), state);

    public string DefinitionOf(string id) => File.ReadAllText(Path.Combine(State, "domains", id, "xml"));

    /// <summary>Names of all domains but the foreign one.</summary>
    public string[] Domains => [.. Directory.GetFiles(Path.Combine(State, "domains"), "name", SearchOption.AllDirectories).Select(File.ReadAllText).Select(n => n.Trim()).Where(n => n != Foreign)];

    /// <summary>Commands that were run.</summary>
    public string[] Log => File.Exists(Path.Combine(State, "log")) ? File.ReadAllLines(Path.Combine(State, "log")) : [];

    public bool Ran(string command) => Log.Any(line => line.Split(' ')[0] == command || line.StartsWith($"qemu-img {command} ", StringComparison.Ordinal));

    public string DirectoryOf(string name) => Path.Combine(ImageDirectory, "vms", name);

    public Task<VmResult> CreateAsync(string name, Action<VmCreateRequest>? adjust = null, CancellationToken ct = default)
    {
        var request = new VmCreateRequest { Name = name, Image = Image.Reference };
        adjust?.Invoke(request);
        return Hypervisor.CreateAsync(request, Image, Warnings.Add, ct);
    }

    /// <summary>Fails unless there is nothing but what was there at the start.</summary>
    public void AssertNothingLeft()
    {
        Assert.Empty(Domains);
        Assert.Equal("shut off", File.ReadAllText(Path.Combine(State, "domains", ForeignId.ToString(), "state")));
        string vms = Path.Combine(ImageDirectory, "vms");
        Assert.Equal([".lock"], Directory.Exists(vms) ? Directory.GetFileSystemEntries(vms).Select(Path.GetFileName).DefaultIfEmpty(".lock") : [".lock"]);
        Assert.Equal("base image", File.ReadAllText(Base));
    }

    public void Dispose() => _directory.Dispose();
}
