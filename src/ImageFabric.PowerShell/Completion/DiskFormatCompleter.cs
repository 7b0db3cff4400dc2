using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

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

    /// <summary>The name of a format that was given in any case; null for none.</summary>
    /// <param name="given">What was given.</param>
    /// <param name="files">True where compressed formats can be written, too.</param>
    /// <exception cref="FleetException"><c>InvalidRequest</c>.</exception>
    public static string? Check(string? given, bool files)
    {
        if (given is null)
            return null;
        string[] names = [.. Formats.Select(static format => format.Text).Where(name => files || name is not ("vmdk-stream" or "qcow2-zstd"))];
        return names.FirstOrDefault(name => string.Equals(name, given, StringComparison.OrdinalIgnoreCase))
            ?? throw new FleetException("InvalidRequest", given, $"'{given}' is no format that can be written; these are: {string.Join(", ", names)}.");
    }

    protected override Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Proposal>>(Formats);
}
