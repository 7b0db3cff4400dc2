using System;
using System.Management.Automation;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>A virtual machine that was made from an image.</summary>
public sealed class VmFromImage : HostItem
{
    internal VmFromImage(HostConnection connection, VmResult vm)
        : base(connection)
    {
        Name = vm.Name;
        Id = vm.Id;
        State = vm.State;
        Image = vm.Image;
        ImageId = vm.ImageId;
        Cpu = vm.Cpu;
        Memory = vm.MemoryBytes;
        DiskSize = vm.DiskSizeBytes;
        DiskPath = vm.DiskPath;
        LinkedClone = vm.LinkedClone;
        Addresses = vm.Addresses ?? [];
        Virtualization = vm.Virtualization;
        ConsolePath = vm.ConsolePath;
        Created = WireTime.Read(vm.Created);
    }

    /// <summary>A machine whose image has a newer version. It has a view of its own, which shows both.</summary>
    internal static PSObject Outdated(HostConnection connection, VmResult vm, string newestImage)
    {
        var item = PSObject.AsPSObject(new VmFromImage(connection, vm) { NewestImage = newestImage });
        item.TypeNames.Insert(0, typeof(VmFromImage).FullName + "#Outdated");
        return item;
    }

    /// <summary>Name of the machine.</summary>
    public string Name { get; }

    /// <summary>The hypervisor's id of the machine, a UUID.</summary>
    public string Id { get; }

    /// <summary><c>Running</c>, <c>Off</c>, <c>Paused</c>, <c>Crashed</c> or <c>Unknown</c>.</summary>
    public string State { get; }

    /// <summary><c>name:version</c> of the image it was made from.</summary>
    public string Image { get; }

    /// <summary><c>sha256:…</c> of that image's content.</summary>
    public string ImageId { get; }

    /// <summary>The newest version of that image in the store, when it was asked for with <c>-Outdated</c>. Null: it was not.</summary>
    public string? NewestImage { get; private set; }

    /// <summary>Virtual processors.</summary>
    public int Cpu { get; }

    /// <summary>Memory in bytes.</summary>
    public long Memory { get; }

    /// <summary>Size of the disk as the guest sees it, in bytes.</summary>
    public long DiskSize { get; }

    /// <summary>The disk's file on the host.</summary>
    public string DiskPath { get; }

    /// <summary>True when the disk holds only its differences from the base image.</summary>
    public bool LinkedClone { get; }

    /// <summary>Addresses of the guest, as far as they are known.</summary>
    public string[] Addresses { get; }

    /// <summary><c>kvm</c> or <c>qemu</c> (emulation).</summary>
    public string Virtualization { get; }

    /// <summary>File on the host that the guest's serial console is written to. Null: there is none.</summary>
    public string? ConsolePath { get; }

    /// <summary>When it was made, in local time. Null when the host does not say.</summary>
    public DateTime? Created { get; }

    /// <summary>The machine's name.</summary>
    public override string ToString() => Name;
}
