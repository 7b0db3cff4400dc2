using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace ImageFabric.PowerShell;

/// <summary>Formats that disk image files can be written in. The engine has the last word.</summary>
internal sealed class DiskFormatCompleter : Completer
{
    private static readonly Proposal[] Formats =
    [
        new("raw", "sparse file"),
        new("qcow2", "QEMU"),
        new("vhdx", "Hyper-V, dynamic"),
        new("vhdx-fixed", "Hyper-V, fixed"),
        new("vhd", "Virtual PC, dynamic"),
        new("vhd-fixed", "Azure"),
        new("vmdk", "VMware, monolithic sparse"),
        new("vmdk-stream", "VMware, stream-optimized; files only"),
        new("qcow2-zstd", "QEMU, compressed; files only"),
    ];

    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Proposal>>(Formats);
}
