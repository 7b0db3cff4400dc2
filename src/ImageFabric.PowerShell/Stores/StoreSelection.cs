using System;
using System.IO;
using System.Management.Automation;
using ImageFabric.Fleet;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>The store that a command works on.</summary>
internal sealed class StoreSelection
{
    private StoreSelection(string? name, StoreReference? location, ImagePolicy? policy = null)
    {
        Name = name;
        Location = location;
        Policy = policy;
    }

    /// <summary>What selects this store again as a <c>-Store</c> argument. Null: the user's own directory store.</summary>
    public string? Name { get; }

    /// <summary>The store for the engine. Null: the user's own directory store.</summary>
    public StoreReference? Location { get; }

    /// <summary>What may be published into it. Null: no registered store, or one without such settings.</summary>
    public ImagePolicy? Policy { get; }

    /// <summary>What the store is called in a sentence.</summary>
    public string Title => Name ?? "the default directory store";

    /// <summary>
    /// The store that <paramref name="argument"/> names: a registered name, an <c>s3://</c> address or a directory. Without an argument:
    /// <c>IMAGEFABRIC_STORE</c>, then the registered default, then the user's own directory store.
    /// </summary>
    /// <param name="argument">What the user gave.</param>
    /// <param name="fullPath">Makes a full path of one that may be relative.</param>
    /// <exception cref="FleetException"><c>StoreNotRegistered</c>, <c>StoreRegistryUnusable</c>.</exception>
    public static StoreSelection Of(string? argument, Func<string, string> fullPath)
    {
        string? text = !string.IsNullOrEmpty(argument) ? argument : Environment.GetEnvironmentVariable("IMAGEFABRIC_STORE");
        StoreRegistry registry = StoreRegistry.OfUser();
        if (string.IsNullOrEmpty(text))
            return registry.Default() is { } usual ? Of(usual) : new StoreSelection(null, null);
        if (AddressForm.WhyNoStore(text!) is { } reason)
            throw new FleetException("InvalidRequest", text!, reason);
        if (StoreName.IsAddress(text!))
            return new StoreSelection(text, new StoreReference { Uri = text, Endpoint = EndpointOfEnvironment() });
        if (!StoreName.IsPath(text!) && registry.Find(text!) is { } registered)
            return Of(registered);

        string directory = fullPath(text!);
        if (!StoreName.IsPath(text!) && !Directory.Exists(directory))
            throw new FleetException("StoreNotRegistered", text!, $"No store named '{text}' is registered, and no directory of that name is here.");
        return new StoreSelection(directory, new StoreReference { Uri = directory });
    }

    /// <summary>A registered store.</summary>
    public static StoreSelection Of(StoreRegistration store) => new(store.Name, Reference(store, SessionCredentials.Find(store.Name)), store.Policy);

    /// <summary>How the engine reaches a store that is, or is to be, registered.</summary>
    public static StoreReference Reference(StoreRegistration store, PSCredential? credential) => new()
    {
        Uri = store.Uri,
        Endpoint = store.Endpoint,
        Region = store.Region,
        Profile = store.Profile,
        AccessKey = credential?.UserName,
        SecretKey = credential?.GetNetworkCredential().Password,
        Trust = store.Trust,
    };

    private static string? EndpointOfEnvironment() =>
        Environment.GetEnvironmentVariable("IMAGEFABRIC_ENDPOINT") is { Length: > 0 } endpoint ? endpoint : null;
}
