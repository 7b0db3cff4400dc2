using System.Net.Http.Headers;
using ImageFabric.Store.Objects;

namespace ImageFabric.Store.Sources;

/// <summary>Where a remote file is at this moment.</summary>
internal interface IRemoteAddress : IDisposable
{
    /// <summary>What a person calls it, without secrets.</summary>
    string Name { get; }

    /// <summary>What goes into the header of that name when an address is asked. Null: nothing.</summary>
    AuthenticationHeaderValue? AuthorizationFor(Uri address);

    /// <summary>The address to ask now.</summary>
    ValueTask<Uri> NowAsync(CancellationToken cancellationToken);

    /// <summary>Takes from a refusal what makes the next request another one.</summary>
    /// <returns>True when it is worth asking again.</returns>
    bool Learn(ServiceAnswer refusal) => false;
}
