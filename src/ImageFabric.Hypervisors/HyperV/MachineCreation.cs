using System.Globalization;
using ImageFabric.Hypervisors.Machines;
using ImageFabric.Hypervisors.Seeds;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>Makes a machine: directory, copy of the disk, seed, all that Hyper-V does, record, address. Whatever stops it, nothing it made is left.</summary>
internal sealed class MachineCreation(
    HyperVModule module, MachineDirectories directories, Func<string, string, CancellationToken, Task> copy, TimeSpan addressInterval)
{
    // With the Virtual Machines directory, a GUID and an extension that Hyper-V adds; its own cmdlets end at 259.
    private const int LongestDirectory = 259 - 70;

    private static readonly TimeSpan UndoLimit = TimeSpan.FromSeconds(60);

    /// <summary>See <see cref="IHypervisor.CreateAsync"/>.</summary>
    public async Task<VmResult> CreateAsync(
        VmCreateRequest request, BaseImage image, IReadOnlyList<string> formats, Action<string> warn, CancellationToken ct)
    {
        MachineOrder order = MachineOrder.From(request, image, formats, prefersUefi: true);
        MachineOptions options = MachineOptions.From(request, order, image);
        image = image with { Path = Path.GetFullPath(image.Path) };
        MachineFiles files = directories.FilesOf(order.Name);
        if (files.Directory.Length + 1 + order.Name.Length > LongestDirectory)
        {
            throw new HypervisorException("InvalidRequest", order.Name,
                $"Hyper-V cannot have files in {files.Directory}: the path is too long by {files.Directory.Length + 1 + order.Name.Length - LongestDirectory} characters.");
        }

        var undo = new Undo(UndoLimit);
        MachineClaim? claim = null;
        try
        {
            claim = await directories.CreateAsync(order.Name, token => HasLeftoverAsync(order.Name, files, token), ct).ConfigureAwait(false);
            undo.Add("remove the files", token => directories.DeleteAsync(claim.Release(), token));
            var record = new MachineRecord(
                order.Name, Guid.NewGuid(), image.Reference, image.ImageId, image.Path, !request.FullClone, order.DiskSizeBytes,
                DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)) { Host = Environment.MachineName };
            if (request.FullClone)
                await copy(image.Path, files.Disk, ct).ConfigureAwait(false);
            await GuestSeed.WriteAsync(files.Seed, request, record.Id, order.HostName, warn, ct).ConfigureAwait(false);

            undo.Add("remove the machine", token => module.RemoveAsync(order.Name, id: null, files.Directory, token));
            CreationAnswer made = await module.CreateAsync(Order(request, order, options, record, files), ct).ConfigureAwait(false);
            record.Write(files.Record);
            if (made.Switch is null && request.Network is null)
                warn($"The host has no switch 'Default Switch' and not exactly one other: the machine '{order.Name}' has no network card. Name a switch for it.");
            MachineDescription machine = made.Machine;
            if (request.Start && order.Wait > TimeSpan.Zero && made.Switch is not null)
                machine = await WaitAsync(order, machine, warn, ct).ConfigureAwait(false);
            return MachineReading.Describe(machine, new MachineMark(record, files.Directory));
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

    private static CreationOrder Order(VmCreateRequest request, MachineOrder order, MachineOptions options, MachineRecord record, MachineFiles files) => new(
        order.Name,
        files.Directory,
        files.Disk,
        record.LinkedClone ? record.BaseImage : null,
        order.DiskSizeBytes,
        options.Generation,
        order.Cpu,
        options.Memory,
        request.Network,
        request.Vlan,
        order.MacAddress?.Digits,
        files.Seed,
        options.BootOrder,
        options.SecureBootTemplate,
        request.Tpm,
        options.StartAction,
        options.Checkpoints,
        new MachineMark(record, files.Directory).ToNotes(),
        request.Start);

    // The script looks for the name itself; asking here as well would take as long as all the rest.
    private async Task<bool> HasLeftoverAsync(string name, MachineFiles files, CancellationToken ct) =>
        Directory.Exists(files.Directory)
        && (await module.ListAsync(id: null, ct).ConfigureAwait(false)).Any(machine => string.Equals(machine.Name, name, StringComparison.OrdinalIgnoreCase));

    private async Task<MachineDescription> WaitAsync(MachineOrder order, MachineDescription machine, Action<string> warn, CancellationToken ct)
    {
        WaitAnswer waited = await module.WaitAsync(order.Name, machine.Id, order.Wait, addressInterval, ct).ConfigureAwait(false);
        if (waited.Machine is null)
            throw new HypervisorException("HypervisorFailed", order.Name, $"The machine '{order.Name}' was removed by somebody else while it was made.");
        if (MachineReading.StateOf(waited.Machine.State) != MachineState.Running)
            warn($"The machine '{order.Name}' is no longer running ({waited.Machine.State}); no address was learnt.");
        else if (waited.Machine.Addresses.Length == 0)
            warn($"No address of the machine '{order.Name}' was learnt within {order.Wait.TotalSeconds:0} s; the guest needs Hyper-V's integration services for that.");
        return waited.Machine;
    }
}
