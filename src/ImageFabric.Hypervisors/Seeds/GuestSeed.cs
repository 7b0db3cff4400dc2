using ImageFabric.Hypervisors.Machines;
using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.Seeds;

/// <summary>The ISO that tells a guest who it is: cloud-init's NoCloud, or an answer file of Windows Setup.</summary>
internal static class GuestSeed
{
    private const string UnattendLabel = "unattend";

    // Windows looks for the one in the pass windowsPE and for the other in those that follow.
    private static readonly string[] UnattendNames = ["autounattend.xml", "unattend.xml"];

    /// <summary>Writes the ISO that a request asks for.</summary>
    /// <param name="path">The file to make.</param>
    /// <param name="request">The request.</param>
    /// <param name="instanceId">Never used before.</param>
    /// <param name="hostName">The guest's own name.</param>
    /// <param name="warn">Told when cloud-init would ignore the user data.</param>
    /// <param name="ct">Stops the work.</param>
    /// <exception cref="HypervisorException"><c>InvalidRequest</c>: both kinds are asked for.</exception>
    public static Task WriteAsync(string path, VmCreateRequest request, Guid instanceId, string hostName, Action<string> warn, CancellationToken ct)
    {
        if (request.Unattend is null)
        {
            if (CloudInitHeader.WhyIgnored(request.UserData) is { } reason)
                warn($"cloud-init in the guest will ignore the user data of '{request.Name}': {reason}");
            IReadOnlyList<SeedFile> cloudInit = NoCloudSeed.Files(instanceId.ToString("D"), hostName, request.UserData, request.NetworkConfig);
            return PrivateFile.WriteAsync(path, SeedIso.Build(NoCloudSeed.VolumeLabel, cloudInit, DateTimeOffset.UtcNow), ct);
        }

        if (request.UserData is not null || request.NetworkConfig is not null)
            throw new HypervisorException("InvalidRequest", request.Name, "A machine is told who it is by cloud-init or by an answer file of Windows, not by both.");
        SeedFile[] files = [.. UnattendNames.Select(name => new SeedFile(name, request.Unattend))];
        return PrivateFile.WriteAsync(path, SeedIso.Build(UnattendLabel, files, DateTimeOffset.UtcNow), ct);
    }
}
