using ImageFabric.Engine.Output;
using ImageFabric.Fleet;
using ImageFabric.Protocol;
using ImageFabric.Store.Format;
using ImageFabric.Store.Objects;
using ImageFabric.Store.Repair;
using ImageFabric.Store.Verify;

namespace ImageFabric.Engine.Operations;

/// <summary>Reads images of a store back and makes good what is damaged.</summary>
internal static class RepairOperation
{
    public static async Task RunAsync(RepairRequest request, IEventOutput output, CancellationToken cancellationToken)
    {
        if (!request.PlanOnly && request.Source is null && request.Hosts is not { Length: > 0 })
            throw new OperationException("InvalidRequest", request.Image, "A repair needs another store or a host that has the images.");
        await using IObjectStore store = await Stores.OpenForReadingAsync(request.Store, cancellationToken).ConfigureAwait(false);
        List<FoundDamage> found = await FindAsync(store, request.Image, output, cancellationToken).ConfigureAwait(false);
        if (request.PlanOnly || found.Count == 0)
        {
            foreach (FoundDamage damage in found)
                output.Result(damage.Describe(RepairResult.Damaged));
            return;
        }

        await using IObjectStore? source = request.Source is null ? null : await Stores.OpenForReadingAsync(request.Source, cancellationToken).ConfigureAwait(false);
        var donors = new List<IRepairDonor>();
        if (source is not null)
            donors.Add(new StoreDonor(source));
        LocalEngine engine = OwnEngine.Open();
        foreach (HostReference host in request.Hosts ?? [])
            donors.Add(new HostDonor(HostAddress.Parse(host.Name).With(host.UserName, host.Port, host.KeyFile, host.Options), host.ImageDirectory, engine, output));
        foreach (RepairOutcome outcome in await new StoreRepairer(store, donors).RunAsync([.. found.Select(static f => (f.Damage, f.Image))], cancellationToken).ConfigureAwait(false))
        {
            FoundDamage damage = found.Find(f => f.Damage.Key == outcome.Damage.Key)!;
            RepairResult result = damage.Describe(outcome.Status.ToString());
            result.Source = outcome.Source;
            result.BytesWritten = outcome.BytesWritten;
            output.Result(result);
            if (outcome.Status == RepairStatus.Failed)
                output.Error(Faults.Describe(new OperationException(outcome.Damage.Id, outcome.Damage.Key, $"{outcome.Damage.Message} Nobody who was asked had what was lost.")));
        }
    }

    private static async Task<List<FoundDamage>> FindAsync(IObjectStore store, string? pattern, IEventOutput output, CancellationToken cancellationToken)
    {
        var verifier = new StoreVerifier(store);
        var found = new List<FoundDamage>();
        foreach (Manifest manifest in await Images.FindAsync(store, pattern, output, cancellationToken).ConfigureAwait(false))
        {
            string image = $"{manifest.Name}:{manifest.Version}";
            ImageVerification result = await verifier.VerifyAsync(manifest, new TransferReport(output, $"Checking {image}"), cancellationToken).ConfigureAwait(false);
            foreach (ObjectDamage damage in result.Damaged)
            {
                if (found.Find(f => f.Damage.Key == damage.Key) is { } known)
                    known.Images.Add(image);
                else if (ImageId.TryParse(manifest.ImageId, out ImageId id))
                    found.Add(new FoundDamage(damage, id, [image]));
            }
        }

        return found;
    }

    private sealed record FoundDamage(ObjectDamage Damage, ImageId Image, List<string> Images)
    {
        public RepairResult Describe(string status) => new() { Key = Damage.Key, Damage = Damage.Id, Message = Damage.Message, Images = [.. Images], Status = status };
    }
}
