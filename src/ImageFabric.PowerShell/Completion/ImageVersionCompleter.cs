using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>Other versions of the image that the line names, and <c>latest</c>.</summary>
internal sealed class ImageVersionCompleter : PublishedCompleter
{
    protected override async Task<IReadOnlyList<Proposal>> ProposeAsync(string word, IDictionary bound, CancellationToken cancellationToken)
    {
        string? name = Text(bound, "Name");
        string? own = Text(bound, "Version");
        IReadOnlyList<ImageResult> images = await ListAsync(bound, cancellationToken).ConfigureAwait(false);
        return
        [
            .. images.Where(image => string.Equals(image.Name, name, StringComparison.OrdinalIgnoreCase) && image.Version != own)
                .Select(static image => new Proposal(image.Version, $"{ByteSize.Format(image.VirtualSize)}, published {image.Published}")),
            new Proposal("latest", "the newest other version"),
        ];
    }
}
