using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors;

/// <summary>Makes, lists and removes virtual machines on the host this runs on.</summary>
public interface IHypervisor
{
    /// <summary>Formats of image files that machines can be made from, the usual one first.</summary>
    IReadOnlyList<string> ImageFormats { get; }

    /// <summary>Makes a machine from an image. A failure or a cancellation removes everything that was made.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="image">The image on this host.</param>
    /// <param name="warn">Takes what the user should know of a machine that was made all the same.</param>
    /// <param name="ct">Stops the work, and undoes it.</param>
    /// <returns>The machine as it then is.</returns>
    /// <exception cref="HypervisorException">
    /// <c>InvalidRequest</c>, <c>VmOptionNotSupported</c>, <c>VmExists</c>, <c>DiskTooSmall</c>, <c>NetworkNotFound</c>, <c>FirmwareNotAvailable</c>, <c>ImageNotOnHost</c>, <c>HostDiskFull</c>,
    /// <c>HostWriteFailed</c>, <c>HypervisorUnavailable</c> or <c>HypervisorFailed</c>.
    /// </exception>
    Task<VmResult> CreateAsync(VmCreateRequest request, BaseImage image, Action<string> warn, CancellationToken ct);

    /// <summary>The machines that were made from images in this image directory, by name.</summary>
    /// <param name="namePattern">Name with the wildcards <c>*</c> and <c>?</c>. Null: all.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException"><c>HypervisorUnavailable</c> or <c>HypervisorFailed</c>.</exception>
    Task<IReadOnlyList<VmResult>> ListAsync(string? namePattern, CancellationToken ct);

    /// <summary>Removes a machine that was made from an image, and its files; or the files that an interrupted creation left.</summary>
    /// <param name="name">The machine's exact name.</param>
    /// <param name="force">Also when it runs: it is powered off first.</param>
    /// <param name="ct">Stops the work. What is left can be removed by the same call.</param>
    /// <returns>The machine as it was, off.</returns>
    /// <exception cref="HypervisorException">
    /// <c>InvalidRequest</c>, <c>VmNotFound</c>, <c>VmRunning</c>, <c>HostWriteFailed</c>, <c>HypervisorUnavailable</c> or <c>HypervisorFailed</c>.
    /// </exception>
    Task<VmResult> RemoveAsync(string name, bool force, CancellationToken ct);

    /// <summary>The files that machines of this host need, whether or not the machines were made from images.</summary>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException">
    /// <c>HypervisorUnavailable</c>, or <c>HypervisorFailed</c> also when what a disk is based on cannot be told.
    /// </exception>
    Task<IReadOnlyList<DiskUse>> DiskUsesAsync(CancellationToken ct);

    /// <summary>Looks for what is missing or weak for making machines on this host. What it finds is in the results, not thrown.</summary>
    /// <param name="ct">Stops the work.</param>
    Task<IReadOnlyList<HostTestResult>> TestAsync(CancellationToken ct);
}
