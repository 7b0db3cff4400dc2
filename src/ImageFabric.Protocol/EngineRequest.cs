using System.Runtime.Serialization;

namespace ImageFabric.Protocol;

/// <summary>What every request says: the first line that <c>imagefabric serve</c> reads from standard input.</summary>
[DataContract]
public class EngineRequest
{
    /// <summary>The version of this protocol.</summary>
    public const int CurrentProtocol = 1;

    /// <summary>The protocol version the sender speaks. An engine refuses another one than its own with <c>ProtocolMismatch</c>.</summary>
    [DataMember(Name = "protocol", IsRequired = true)]
    public int Protocol { get; set; } = CurrentProtocol;

    /// <summary>One of the names in <see cref="Operations"/>.</summary>
    [DataMember(Name = "operation", IsRequired = true)]
    public string Operation { get; set; } = "";
}

/// <summary>The names of the engine's operations, as they stand in <see cref="EngineRequest.Operation"/>.</summary>
public static class Operations
{
    /// <summary>Disk image file to store: <see cref="PublishRequest"/>, answered by one <see cref="PublishResult"/>.</summary>
    public const string Publish = "publish";

    /// <summary>Published images: <see cref="ListRequest"/>, answered by one <see cref="ImageResult"/> each.</summary>
    public const string List = "list";

    /// <summary>Removes published versions: <see cref="RemoveRequest"/>, answered by one <see cref="ImageResult"/> each.</summary>
    public const string Remove = "remove";

    /// <summary>Deletes what no image of a store leads to: <see cref="OptimizeRequest"/>, answered by one <see cref="OptimizeResult"/>.</summary>
    public const string Optimize = "optimize";

    /// <summary>What two published images share: <see cref="CompareRequest"/>, answered by one <see cref="CompareResult"/>.</summary>
    public const string Compare = "compare";

    /// <summary>Published images from store to store: <see cref="CopyRequest"/>, answered by one <see cref="CopyResult"/> each.</summary>
    public const string Copy = "copy";

    /// <summary>Reads a published image back and checks every chunk: <see cref="VerifyRequest"/>, answered by <see cref="VerifyResult"/>.</summary>
    public const string Verify = "verify";

    /// <summary>Makes good what is damaged or lost of published images: <see cref="RepairRequest"/>, answered by one <see cref="RepairResult"/> for each damaged object.</summary>
    public const string Repair = "repair";

    /// <summary>Preflight of a disk image file: <see cref="TestRequest"/>, answered by <see cref="TestResult"/>.</summary>
    public const string Test = "test";

    /// <summary>Published image to a file of this machine: <see cref="SaveRequest"/>, answered by <see cref="PullResult"/>.</summary>
    public const string Save = "save";

    /// <summary>What a store honours: <see cref="ProbeRequest"/>, answered by <see cref="ProbeResult"/>.</summary>
    public const string Probe = "probe";

    /// <summary>
    /// Presigns a store's objects for hosts: <see cref="GrantRequest"/>, answered by <see cref="ImageResult"/>; then every
    /// <see cref="DemandEvent"/> line on standard input is answered by a <see cref="GrantEvent"/>, until standard input ends.
    /// </summary>
    public const string Grant = "grant";

    /// <summary>
    /// On a host: takes an image into the host's image directory: <see cref="PullRequest"/>, answered by <see cref="PullResult"/>.
    /// While it runs the engine sends <see cref="DemandEvent"/> lines and reads <see cref="GrantEvent"/> lines.
    /// </summary>
    public const string Pull = "pull";

    /// <summary>On a host: makes a virtual machine from an image that is there: <see cref="VmCreateRequest"/>, answered by <see cref="VmResult"/>.</summary>
    public const string VmCreate = "vm-create";

    /// <summary>On a host: the virtual machines made from images: <see cref="VmListRequest"/>, answered by one <see cref="VmResult"/> each.</summary>
    public const string VmList = "vm-list";

    /// <summary>On a host: removes such a virtual machine and its files: <see cref="VmRemoveRequest"/>, answered by <see cref="VmResult"/>.</summary>
    public const string VmRemove = "vm-remove";

    /// <summary>On a host: the images that are there: <see cref="HostImageListRequest"/>, answered by one <see cref="HostImageResult"/> each.</summary>
    public const string HostImageList = "host-image-list";

    /// <summary>On a host: removes images, or says which it would: <see cref="HostImageRemoveRequest"/>, answered by one <see cref="HostImageResult"/> each.</summary>
    public const string HostImageRemove = "host-image-remove";

    /// <summary>On a host: reads images and checks every byte: <see cref="HostImageTestRequest"/>, answered by one <see cref="HostImageTestResult"/> each.</summary>
    public const string HostImageTest = "host-image-test";

    /// <summary>On a host: chunks of an image that is there, for a store that lost them: <see cref="HostImageReadRequest"/>, answered by one <see cref="HostImageReadResult"/> each.</summary>
    public const string HostImageRead = "host-image-read";

    /// <summary>On a host: what is missing or weak: <see cref="HostTestRequest"/>, answered by one <see cref="HostTestResult"/> for each check.</summary>
    public const string HostTest = "host-test";
}
