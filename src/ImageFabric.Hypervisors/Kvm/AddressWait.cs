using System.Diagnostics;
using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>Waits until a machine that was started has an address.</summary>
/// <param name="reader">Describes domains.</param>
/// <param name="interval">Time between two looks.</param>
internal sealed class AddressWait(DomainReader reader, TimeSpan interval)
{
    /// <summary>Waits; that there is no address in the end is worth a warning, not an error.</summary>
    /// <param name="name">The machine's name.</param>
    /// <param name="domain">Its domain.</param>
    /// <param name="longest">How long at most.</param>
    /// <param name="warn">Takes the warning.</param>
    /// <param name="ct">Stops the wait.</param>
    public async Task WaitAsync(string name, Guid domain, TimeSpan longest, Action<string> warn, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await reader.StateAsync(domain, ct).ConfigureAwait(false) is not MachineState.Running and var state)
            {
                warn($"The machine '{name}' is no longer running ({state ?? "removed"}); no address was learnt.");
                return;
            }
            if ((await reader.AddressesAsync(domain, ct).ConfigureAwait(false)).Count > 0)
                return;
            TimeSpan left = longest - clock.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                warn($"No address of the machine '{name}' was learnt within {longest.TotalSeconds:0} s.");
                return;
            }
            await Task.Delay(left < interval ? left : interval, ct).ConfigureAwait(false);
        }
    }
}
