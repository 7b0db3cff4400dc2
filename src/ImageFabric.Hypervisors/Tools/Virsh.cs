using System.Globalization;
using System.Xml.Linq;

namespace ImageFabric.Hypervisors.Tools;

/// <summary>virsh: the one way to libvirt. Domains are addressed by UUID only, since virsh takes a name of digits for a domain's number.</summary>
/// <param name="connection">libvirt's URI, for example <c>qemu:///system</c>.</param>
/// <param name="program">Name on the PATH, or path.</param>
internal sealed class Virsh(string connection, string program = "virsh")
{
    // Once libvirtd has a request, killing virsh does not take it back.
    private static readonly TimeSpan MutationGrace = TimeSpan.FromSeconds(1);

    private readonly ExternalTool _tool = new(program, "On Debian the package libvirt-clients brings it.");

    /// <summary>What the host offers to machines (libvirt's format of capabilities).</summary>
    public async Task<XDocument> CapabilitiesAsync(CancellationToken ct) =>
        XDocument.Parse(await AskAsync(connection, ["capabilities"], ct).ConfigureAwait(false));

    /// <summary>What a machine of one kind can have (libvirt's format of domain capabilities).</summary>
    /// <param name="domainType"><c>kvm</c> or <c>qemu</c>.</param>
    /// <param name="architecture">For example <c>x86_64</c>.</param>
    /// <param name="machine">For example <c>q35</c>.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<XDocument> DomainCapabilitiesAsync(string domainType, string architecture, string machine, CancellationToken ct)
    {
        string[] arguments = ["domcapabilities", "--virttype", domainType, "--arch", architecture, "--machine", machine];
        return XDocument.Parse(await AskAsync(connection, arguments, ct).ConfigureAwait(false));
    }

    /// <summary>The same for the virtualisation that libvirt itself prefers; null when it has no such machines.</summary>
    /// <param name="architecture">For example <c>x86_64</c>.</param>
    /// <param name="machine">For example <c>q35</c>.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<XDocument?> TryDomainCapabilitiesAsync(string architecture, string machine, CancellationToken ct)
    {
        ToolOutput output = await RunAsync(["domcapabilities", "--arch", architecture, "--machine", machine], "", TimeSpan.Zero, ct).ConfigureAwait(false);
        return output.ExitCode == 0 ? XDocument.Parse(output.Output) : null;
    }

    /// <summary>Names of libvirt's networks.</summary>
    /// <param name="includeInactive">Also of those that are not active.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<IReadOnlyList<string>> NetworksAsync(bool includeInactive, CancellationToken ct)
    {
        string[] arguments = includeInactive ? ["net-list", "--name", "--all"] : ["net-list", "--name"];
        return Lines(await AskAsync(connection, arguments, ct).ConfigureAwait(false));
    }

    /// <summary>libvirt's own version, for example <c>9.0.0</c>.</summary>
    public async Task<string> VersionAsync(CancellationToken ct)
    {
        string text = await AskAsync(connection, ["version", "--daemon"], ct).ConfigureAwait(false);
        string? line = Lines(text).FirstOrDefault(static l => l.StartsWith("Running against daemon:", StringComparison.Ordinal));
        return line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    /// <summary>All domains, running or not.</summary>
    public async Task<IReadOnlyList<DomainReference>> DomainsAsync(CancellationToken ct)
    {
        string text = await AskAsync(connection, ["list", "--all", "--uuid", "--name"], ct).ConfigureAwait(false);
        var domains = new List<DomainReference>();
        foreach (string line in Lines(text))
        {
            int blank = line.IndexOf(' ', StringComparison.Ordinal);
            if (blank < 0 || !Guid.TryParseExact(line[..blank], "D", out Guid uuid))
                throw new HypervisorException("HypervisorFailed", connection, $"virsh list: '{line}' is not a UUID and a name.");
            domains.Add(new DomainReference(uuid, line[(blank + 1)..].Trim()));
        }
        return domains;
    }

    /// <summary>A domain's definition with its live state, or null when there is no such domain.</summary>
    public Task<XDocument?> DefinitionAsync(Guid domain, CancellationToken ct) => DefinitionAsync(domain, inactive: false, ct);

    /// <summary>A domain's definition, or null when there is no such domain.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="inactive">As it will be at its next start; otherwise with its live state.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<XDocument?> DefinitionAsync(Guid domain, bool inactive, CancellationToken ct)
    {
        string[] arguments = inactive ? ["dumpxml", Id(domain), "--inactive"] : ["dumpxml", Id(domain)];
        string? text = await AskOfDomainAsync(arguments, ct).ConfigureAwait(false);
        return text is null ? null : XDocument.Parse(text);
    }

    /// <summary>libvirt's word for a domain's state, for example <c>shut off</c>, or null when there is no such domain.</summary>
    public async Task<string?> StateAsync(Guid domain, CancellationToken ct)
    {
        string? text = await AskOfDomainAsync(["domstate", Id(domain)], ct).ConfigureAwait(false);
        return text?.Trim();
    }

    /// <summary>Size of a domain's disk as the guest sees it, in bytes; null when libvirt cannot tell, for example since its file is gone.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="device">The disk's target, for example <c>vda</c>.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<long?> DiskSizeAsync(Guid domain, string device, CancellationToken ct)
    {
        ToolOutput output = await RunAsync(["domblkinfo", Id(domain), device], "", TimeSpan.Zero, ct).ConfigureAwait(false);
        if (output.ExitCode != 0)
            return null;
        string? capacity = Lines(output.Output).FirstOrDefault(line => line.StartsWith("Capacity:", StringComparison.Ordinal))?["Capacity:".Length..];
        return long.TryParse(capacity, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out long bytes) ? bytes : null;
    }

    /// <summary>The path of a volume.</summary>
    /// <param name="pool">Its storage pool.</param>
    /// <param name="volume">Its name in the pool.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException"><c>HypervisorFailed</c>: libvirt cannot tell, for example since the pool is not active.</exception>
    public async Task<string> VolumePathAsync(string pool, string volume, CancellationToken ct) =>
        (await AskAsync(volume, ["vol-path", "--pool", pool, "--vol", volume], ct).ConfigureAwait(false)).Trim();

    /// <summary>
    /// Addresses of a running domain by one source: <c>lease</c> (libvirt's DHCP), <c>agent</c> (the guest's), <c>arp</c> (the host's table).
    /// A source that cannot tell, for example since the guest has no agent, gives none.
    /// </summary>
    public async Task<IReadOnlyList<string>> AddressesAsync(Guid domain, string source, CancellationToken ct)
    {
        string[] arguments = ["domifaddr", Id(domain), "--source", source];
        ToolOutput output = await RunAsync(arguments, "", TimeSpan.Zero, ct).ConfigureAwait(false);
        return output.ExitCode == 0 ? InterfaceAddresses.Parse(output.Output) : [];
    }

    /// <summary>Makes a domain from its definition.</summary>
    /// <param name="name">The machine's name, for errors.</param>
    /// <param name="definition">libvirt's domain format.</param>
    /// <param name="ct">Stops the work.</param>
    public Task DefineAsync(string name, XDocument definition, CancellationToken ct) =>
        ChangeAsync(name, ["define", "/dev/stdin"], definition.ToString(), ct);

    /// <summary>Starts a domain.</summary>
    public Task StartAsync(string name, Guid domain, CancellationToken ct) => ChangeAsync(name, ["start", Id(domain)], "", ct);

    /// <summary>Takes the power from a domain.</summary>
    public Task DestroyAsync(string name, Guid domain, CancellationToken ct) => ChangeAsync(name, ["destroy", Id(domain)], "", ct);

    /// <summary>Forgets a domain and what libvirt itself keeps of it: saved memory, snapshot and checkpoint records, firmware variables.</summary>
    public Task UndefineAsync(string name, Guid domain, CancellationToken ct) =>
        ChangeAsync(name, ["undefine", Id(domain), "--managed-save", "--snapshots-metadata", "--checkpoints-metadata", "--nvram"], "", ct);

    private static string Id(Guid domain) => domain.ToString("D");

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private async Task<string> AskAsync(string target, string[] arguments, CancellationToken ct)
    {
        ToolOutput output = await RunAsync(arguments, "", TimeSpan.Zero, ct).ConfigureAwait(false);
        return output.ExitCode == 0 ? output.Output : throw Failed(target, arguments, output);
    }

    private async Task<string?> AskOfDomainAsync(string[] arguments, CancellationToken ct)
    {
        ToolOutput output = await RunAsync(arguments, "", TimeSpan.Zero, ct).ConfigureAwait(false);
        if (output.ExitCode == 0)
            return output.Output;
        bool absent = output.Error.Contains("failed to get domain", StringComparison.Ordinal)
            || output.Error.Contains("Domain not found", StringComparison.Ordinal);
        return absent ? null : throw Failed(arguments[1], arguments, output);
    }

    private async Task ChangeAsync(string name, string[] arguments, string input, CancellationToken ct)
    {
        ToolOutput output = await RunAsync(arguments, input, MutationGrace, ct).ConfigureAwait(false);
        if (output.ExitCode != 0)
            throw Failed(name, arguments, output);
    }

    private async Task<ToolOutput> RunAsync(string[] arguments, string input, TimeSpan grace, CancellationToken ct)
    {
        ToolOutput output = await _tool.RunAsync(["-q", "-c", connection, .. arguments], input, grace, ct).ConfigureAwait(false);
        bool unreachable = output.Error.Contains("failed to connect to the hypervisor", StringComparison.Ordinal)
            || output.Error.Contains($"Disconnected from {connection}", StringComparison.Ordinal);
        if (output.ExitCode != 0 && unreachable)
        {
            string complaint = output.Complaint("error: ");
            throw new HypervisorException("HypervisorUnavailable", connection, $"libvirt does not answer at {connection}: {complaint}");
        }
        return output;
    }

    private HypervisorException Failed(string target, string[] arguments, ToolOutput output) =>
        new("HypervisorFailed", target, $"{_tool.Name} {arguments[0]}: {output.Complaint("error: ")}");
}
