using System;

namespace ImageFabric.Fleet;

/// <summary>How images are brought to hosts.</summary>
public sealed class ImageSyncOptions
{
    /// <summary>Hosts at the same time, at least 1.</summary>
    public int Throttle { get; set; } = 8;

    /// <summary><c>raw</c> or <c>qcow2</c>. Null: raw.</summary>
    public string? Format { get; set; }

    /// <summary>Where the hosts keep images. Null: the host's own default.</summary>
    public string? ImageDirectory { get; set; }

    /// <summary>True: hosts give each other what they have, so that the store sends the image about once.</summary>
    public bool FanOut { get; set; }

    /// <summary>
    /// Networks in CIDR notation in which hosts of a fan-out give each other what they have; each takes an address of its own in one of them. Empty: a host is
    /// asked at the address it was reached by.
    /// </summary>
    public string[] PeerNetworks { get; set; } = [];

    /// <summary>True: hosts reach the store through their SSH connections, by way of this machine.</summary>
    public bool Tunnel { get; set; }

    /// <summary>Address of an HTTP cache in front of the store, <c>http(s)://host[:port]</c>, that hosts are to ask. Null: they ask the store.</summary>
    public string? CacheEndpoint { get; set; }

    /// <summary>How long one host may take, from its connection on. Null: as long as it works.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>The most bytes that each host takes in a second, at least 65,536; with <see cref="FanOut"/> it gives no more to others either. Null: as many as go.</summary>
    public long? BandwidthLimit { get; set; }

    /// <summary>Connections to share with other requests. Null: each host's pull has one of its own.</summary>
    public SshConnections? Connections { get; set; }
}
