using System.Globalization;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Seeds;
using ImageFabric.Hypervisors.Tools;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Makes a machine: directory, disk, seed, domain, record, power. Whatever stops it, nothing it made is left.</summary>
internal sealed class MachineCreation(Virsh virsh, QemuImg qemuImg, MachineDirectories directories, DomainReader reader, AddressWait addressWait)
{
    private static readonly TimeSpan UndoLimit = TimeSpan.FromSeconds(10);

    /// <summary>See <see cref="IHypervisor.CreateAsync"/>.</summary>
    public async Task<VmResult> CreateAsync(
        VmCreateRequest request, BaseImage image, IReadOnlyList<string> formats, Action<string> warn, CancellationToken ct)
    {
        MachineOrder order = MachineOrder.From(request, image, formats, prefersUefi: false);
        OptionsOfOthers.Refuse(request);
        // A relative path would be taken as relative to the overlay.
        image = image with { Path = Path.GetFullPath(image.Path) };

        // Each question is a process of its own, and none needs another's answer.
        Task<HostOffer> askingOffer = HostOffer.AskAsync(virsh, ct);
        Task<GuestNetwork> askingNetwork = new NetworkChoice(virsh).ChooseAsync(request.Network, request.Start, warn, ct);
        Task<bool> askingName = HasDomainAsync(order.Name, ct);
        await Task.WhenAll(askingOffer, askingNetwork, askingName).ConfigureAwait(false);
        HostOffer offer = await askingOffer.ConfigureAwait(false);
        GuestNetwork network = await askingNetwork.ConfigureAwait(false);
        if (order.Uefi && !offer.HasUefi)
            throw new HypervisorException("FirmwareNotAvailable", order.Name, $"The machine '{order.Name}' needs UEFI firmware, which libvirt does not have on this host.");

        var undo = new Undo(UndoLimit);
        MachineClaim? claim = null;
        try
        {
            claim = await directories.CreateAsync(order.Name, _ => askingName, ct).ConfigureAwait(false);
            MachineFiles files = claim.Files;
            undo.Add("remove the files", token => directories.DeleteAsync(files, token));
            if (!offer.IsHardware)
                warn($"libvirt offers no hardware virtualisation on this host: the machine '{order.Name}' is emulated, which is slow.");

            var record = new MachineRecord(
                order.Name, Guid.NewGuid(), image.Reference, image.ImageId, image.Path, !request.FullClone, order.DiskSizeBytes,
                DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)) { Host = Environment.MachineName };
            await MakeDiskAsync(image, record, files, ct).ConfigureAwait(false);
            await GuestSeed.WriteAsync(files.Seed, request, record.Id, order.HostName, warn, ct).ConfigureAwait(false);
            await DefineAsync(new DomainPlan(record, order, offer, network, files), undo, ct).ConfigureAwait(false);
            record.Write(files.Record);
            if (request.Start)
                await StartAsync(order, record.Id, network, undo, warn, ct).ConfigureAwait(false);
            // A machine that nobody waited for cannot have an address yet.
            return await reader.DescribeAsync(record.Id, request.Start && order.Wait > TimeSpan.Zero, record.DiskSizeBytes, ct).ConfigureAwait(false)
                ?? throw new HypervisorException("HypervisorFailed", order.Name, $"The machine '{order.Name}' was removed by somebody else while it was made.");
        }
        catch (Exception failure)
        {
            if (await CreationFailure.TakeBackAsync(order.Name, failure, undo).ConfigureAwait(false) is { } explained)
                throw explained;
            throw;
        }
        finally
        {
            claim?.Dispose();
        }
    }

    private async Task<bool> HasDomainAsync(string name, CancellationToken ct) =>
        (await virsh.DomainsAsync(ct).ConfigureAwait(false)).Any(domain => domain.Name == name);

    private async Task MakeDiskAsync(BaseImage image, MachineRecord record, MachineFiles files, CancellationToken ct)
    {
        if (record.LinkedClone)
        {
            await qemuImg.CreateOverlayAsync(files.Disk, image.Path, image.Format, record.DiskSizeBytes, ct).ConfigureAwait(false);
        }
        else
        {
            await qemuImg.CopyAsync(image.Path, image.Format, files.Disk, ct).ConfigureAwait(false);
            if (record.DiskSizeBytes > image.VirtualSize)
                await qemuImg.GrowAsync(files.Disk, record.DiskSizeBytes, ct).ConfigureAwait(false);
        }
        PrivateFile.Restrict(files.Disk);
    }

    private async Task DefineAsync(DomainPlan plan, Undo undo, CancellationToken ct)
    {
        // By UUID, which is ours alone: a domain that somebody else gave the same name meanwhile is left in peace.
        undo.Add("undefine the domain", token => UndefineAsync(plan.Order.Name, plan.Record.Id, token));
        await virsh.DefineAsync(plan.Order.Name, DomainXml.Write(plan), ct).ConfigureAwait(false);
    }

    private async Task StartAsync(MachineOrder order, Guid domain, GuestNetwork network, Undo undo, Action<string> warn, CancellationToken ct)
    {
        undo.Add("power the machine off", token => PowerOffAsync(order.Name, domain, token));
        await virsh.StartAsync(order.Name, domain, ct).ConfigureAwait(false);
        if (order.Wait > TimeSpan.Zero && network is not GuestNetwork.None)
            await addressWait.WaitAsync(order.Name, domain, order.Wait, warn, ct).ConfigureAwait(false);
    }

    private async Task UndefineAsync(string name, Guid domain, CancellationToken ct)
    {
        if (await reader.StateAsync(domain, ct).ConfigureAwait(false) is not null)
            await virsh.UndefineAsync(name, domain, ct).ConfigureAwait(false);
    }

    private async Task PowerOffAsync(string name, Guid domain, CancellationToken ct)
    {
        if (await reader.StateAsync(domain, ct).ConfigureAwait(false) is not (null or MachineState.Off))
            await virsh.DestroyAsync(name, domain, ct).ConfigureAwait(false);
    }
}
