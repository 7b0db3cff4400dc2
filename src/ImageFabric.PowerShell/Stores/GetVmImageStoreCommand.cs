using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>Lists the registered stores.</summary>
[Cmdlet(VerbsCommon.Get, "VmImageStore")]
[OutputType(typeof(VmImageStore))]
public sealed class GetVmImageStoreCommand : AsyncCmdlet
{
    /// <summary>Names, with wildcards. Without it: all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string[] Name { get; set; } = ["*"];

    private protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StoreRegistration> all = StoreRegistry.OfUser().Read();
        foreach (string name in Name)
        {
            StoreRegistration[] found = NamePattern.Select(name, all, static s => s.Name);
            if (found.Length == 0 && !NamePattern.HasWildcards(name))
                Pipeline.WriteError(EngineErrorRecord.From(new FleetException("StoreNotRegistered", name, $"No store named '{name}' is registered."), name));
            foreach (StoreRegistration store in found)
                Pipeline.WriteObject(new VmImageStore(store));
        }

        return Task.CompletedTask;
    }
}
