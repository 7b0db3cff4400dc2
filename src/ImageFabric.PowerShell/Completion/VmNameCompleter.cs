using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Virtual machines on the host that the line names, or on this machine.</summary>
internal sealed class VmNameCompleter : Completer
{
    protected override async Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        HostAddress host = HostAddress.Parse(Text(bound, "HostName") ?? "localhost").With(
            Text(bound, "UserName"),
            int.TryParse(Text(bound, "Port"), NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : null,
            Text(bound, "KeyFilePath"),
            HostConnection.Texts(bound["Options"] as IDictionary));
        var proposals = new List<Proposal>();
        await new HostEngine(host, LocalEngine.Find(EngineCmdlet.ModuleDirectory)).RunAsync<VmResult>(
            new VmListRequest { ImageDirectory = Text(bound, "ImageDirectory") },
            vm => proposals.Add(new Proposal(vm.Name, $"{vm.State}, {vm.Image}")),
            observer: null,
            grants: null,
            cancellationToken).ConfigureAwait(false);
        return proposals;
    }
}
