using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>Where a store is and how to reach it. Travels to the administrator's own engine only, never to a host.</summary>
[DataContract]
public sealed class StoreReference
{
    /// <summary>A directory, or <c>s3://bucket/prefix</c>. Null or empty: the user's own directory store.</summary>
    [DataMember(Name = "uri", EmitDefaultValue = false)]
    public string? Uri { get; set; }

    /// <summary>The S3 service's address, <c>http(s)://host[:port]</c>. Null: Amazon's, by region.</summary>
    [DataMember(Name = "endpoint", EmitDefaultValue = false)]
    public string? Endpoint { get; set; }

    /// <summary>The S3 region. Null: the AWS chain's, otherwise <c>us-east-1</c>.</summary>
    [DataMember(Name = "region", EmitDefaultValue = false)]
    public string? Region { get; set; }

    /// <summary>A profile of the AWS credential files. Null: the standard AWS chain.</summary>
    [DataMember(Name = "profile", EmitDefaultValue = false)]
    public string? Profile { get; set; }

    /// <summary>Access key id; goes with <see cref="SecretKey"/> and comes before profile and chain.</summary>
    [DataMember(Name = "accessKey", EmitDefaultValue = false)]
    public string? AccessKey { get; set; }

    /// <summary>Secret access key. Only ever on the standard input of an engine on this machine.</summary>
    [DataMember(Name = "secretKey", EmitDefaultValue = false)]
    public string? SecretKey { get; set; }

    /// <summary>Which images may be taken from it. Null: all.</summary>
    [DataMember(Name = "trust", EmitDefaultValue = false)]
    public TrustSettings? Trust { get; set; }
}
