using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Published images as <c>name:version</c>.</summary>
internal sealed class ImageCompleter : PublishedCompleter
{
    protected override async Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        IReadOnlyList<ImageResult> images = await ListAsync(bound, cancellationToken).ConfigureAwait(false);
        return [.. images.Select(static image =>
            new Proposal($"{image.Name}:{image.Version}", $"{ByteSize.Format(image.VirtualSize)}, published {image.Published}"))];
    }
}
