using System.Runtime.Serialization;
using ImageFabric.Protocol;

namespace ImageFabric.PowerShell;

/// <summary>What is kept of a registered store. Never a secret.</summary>
[DataContract]
internal sealed class StoreRegistration
{
    [DataMember(Name = "name", IsRequired = true, Order = 0)]
    public string Name { get; set; } = "";

    [DataMember(Name = "uri", IsRequired = true, Order = 1)]
    public string Uri { get; set; } = "";

    [DataMember(Name = "endpoint", EmitDefaultValue = false, Order = 2)]
    public string? Endpoint { get; set; }

    [DataMember(Name = "region", EmitDefaultValue = false, Order = 3)]
    public string? Region { get; set; }

    [DataMember(Name = "profile", EmitDefaultValue = false, Order = 4)]
    public string? Profile { get; set; }

    [DataMember(Name = "default", EmitDefaultValue = false, Order = 5)]
    public bool IsDefault { get; set; }

    [DataMember(Name = "policy", EmitDefaultValue = false, Order = 6)]
    public ImagePolicy? Policy { get; set; }

    [DataMember(Name = "trust", EmitDefaultValue = false, Order = 7)]
    public TrustSettings? Trust { get; set; }
}

/// <summary>The content of <c>stores.json</c>.</summary>
[DataContract]
internal sealed class StoreRegistrations
{
    [DataMember(Name = "stores")]
    public StoreRegistration[]? Stores { get; set; }
}
