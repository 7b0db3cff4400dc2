using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Things on the host that the line names, or on this machine.</summary>
internal abstract class HostItemCompleter : Completer
{
    /// <summary>What the engine on that host says.</summary>
    protected static async Task<IReadOnlyList<Proposal>> AskAsync<T>(IDictionary bound, HostRequest request, Func<T, Proposal> propose, CancellationToken cancellationToken)
        where T : EngineEvent
    {
        HostAddress host = HostAddress.Parse(Text(bound, "HostName") ?? "localhost").With(
            Text(bound, "UserName"),
            int.TryParse(Text(bound, "Port"), NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : null,
            Text(bound, "KeyFilePath"),
            HostConnection.Texts(bound["Options"] as IDictionary));
        request.ImageDirectory = Text(bound, "ImageDirectory");
        var proposals = new List<Proposal>();
        await new HostEngine(host, LocalEngine.Find(EngineCmdlet.ModuleDirectory)).RunAsync<T>(
            request, result => proposals.Add(propose(result)), observer: null, grants: null, cancellationToken).ConfigureAwait(false);
        return proposals;
    }
}
