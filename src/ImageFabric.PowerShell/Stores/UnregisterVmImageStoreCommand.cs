using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Fleet;

namespace ImageFabric.PowerShell;

/// <summary>Takes stores out of the list. What is in the stores stays.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "VmImageStore", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class UnregisterVmImageStoreCommand : AsyncCmdlet
{
    /// <summary>Names, with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [PlainName]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StoreCompleter))]
    public string[] Name { get; set; } = [];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        StoreRegistry registry = StoreRegistry.OfUser();
        IReadOnlyList<StoreRegistration> all = registry.Read();
        foreach (string name in Name)
        {
            StoreRegistration[] found = NamePattern.Select(name, all, static s => s.Name);
            if (found.Length == 0 && !NamePattern.HasWildcards(name))
                Pipeline.WriteError(EngineErrorRecord.From(new FleetException("StoreNotRegistered", name, $"No store named '{name}' is registered."), name));
            foreach (StoreRegistration store in found)
            {
                if (!await Pipeline.ShouldProcessAsync(store.Name, $"Unregister the store {store.Uri}").ConfigureAwait(false))
                    continue;
                registry.Remove(store.Name);
                SessionCredentials.Set(store.Name, null);
            }
        }
    }
}
