using ImageFabric.Protocol;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>Looks at what a Hyper-V host has for making machines.</summary>
internal sealed class HostExamination(HyperVModule module)
{
    private const string DefaultSwitch = "Default Switch";

    /// <summary>See <see cref="IHypervisor.TestAsync"/>.</summary>
    public async Task<IReadOnlyList<HostTestResult>> RunAsync(CancellationToken ct)
    {
        try
        {
            HostDescription host = await module.ExamineAsync(ct).ConfigureAwait(false);
            string newest = host.ConfigurationVersions.LastOrDefault() ?? "unknown";
            return
            [
                Result("Hypervisor", HostTestResult.Passed, $"Hyper-V answers, by its module {host.ModuleVersion}; machines have configuration version {newest}.", null),
                NetworkOf(host.Switches),
            ];
        }
        catch (HypervisorException e)
        {
            return [Result("Hypervisor", HostTestResult.Failed, e.Message, ErrorCatalog.Describe(e.Id).RecommendedAction)];
        }
    }

    private static HostTestResult NetworkOf(string[] switches) => switches switch
    {
        _ when switches.Contains(DefaultSwitch) => Result("Network", HostTestResult.Passed, $"Machines get the switch '{DefaultSwitch}'.", null),
        [var only] => Result("Network", HostTestResult.Passed, $"Machines get the only switch, '{only}'.", null),
        [] => Result("Network", HostTestResult.Warning, "The host has no virtual switch.", "Make one with New-VMSwitch on the host."),
        _ => Result("Network", HostTestResult.Warning, $"The host has several virtual switches, {string.Join(", ", switches)}: one has to be named for each machine.", "Name one with -Network."),
    };

    private static HostTestResult Result(string check, string status, string message, string? action) =>
        new() { Check = check, Status = status, Message = message, RecommendedAction = action };
}
