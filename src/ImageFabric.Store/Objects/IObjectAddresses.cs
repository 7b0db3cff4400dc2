namespace ImageFabric.Store.Objects;

/// <summary>Where presigned addresses of objects come from.</summary>
internal interface IObjectAddresses
{
    /// <summary>The address of an object.</summary>
    ValueTask<Uri> OfAsync(string key, CancellationToken cancellationToken);

    /// <summary>Another address in place of one that the store refused, or null when there can be none.</summary>
    ValueTask<Uri?> RenewAsync(string key, Uri refused, CancellationToken cancellationToken);

    /// <summary>The error id for an address that the store refuses for good.</summary>
    string RefusedId { get; }
}
