using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Names of published images, of which a new version may be published.</summary>
internal sealed class ImageNameCompleter : PublishedCompleter
{
    protected override async Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        IReadOnlyList<ImageResult> images = await ListAsync(bound, cancellationToken).ConfigureAwait(false);
        return [.. images.GroupBy(static image => image.Name).Select(static versions =>
            new Proposal(versions.Key, "published: " + string.Join(", ", versions.Select(static v => v.Version))))];
    }
}
