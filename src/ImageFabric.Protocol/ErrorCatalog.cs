using System.Collections.Generic;

namespace ImageFabric.Protocol;

/// <summary>What is the same for every error with one id.</summary>
/// <param name="id">The stable id.</param>
/// <param name="category">Name of a PowerShell ErrorCategory.</param>
/// <param name="meaning">When it is given, in one sentence.</param>
/// <param name="recommendedAction">What to do about it, in one sentence.</param>
public sealed class ErrorDescription(string id, string category, string meaning, string recommendedAction)
{
    /// <summary>The stable id.</summary>
    public string Id { get; } = id;

    /// <summary>Name of a PowerShell ErrorCategory.</summary>
    public string Category { get; } = category;

    /// <summary>When it is given, in one sentence.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>What to do about it, in one sentence.</summary>
    public string RecommendedAction { get; } = recommendedAction;
}

/// <summary>Every error id the product gives, in one table; <c>docs/errors.md</c> is made from it.</summary>
public static class ErrorCatalog
{
    private static readonly Dictionary<string, ErrorDescription> ById = new();

    static ErrorCatalog()
    {
        foreach (ErrorDescription description in Table)
            ById.Add(description.Id, description);
    }

    /// <summary>All descriptions, grouped by what they concern.</summary>
    public static IReadOnlyList<ErrorDescription> All => Table;

    /// <summary>The description of an id; an id that is not in the table is a defect and described as <c>InternalError</c>.</summary>
    public static ErrorDescription Describe(string id) => ById.TryGetValue(id, out ErrorDescription? found) ? found : ById["InternalError"];

    private static ErrorDescription[] Table { get; } =
    [
        // Requests
        new("InvalidRequest", "InvalidArgument", "A request or an argument is not of the form the operation takes.", "Correct the argument the message names."),
        new("ProtocolMismatch", "InvalidOperation", "The engine and its caller are of different versions.", "Use the engine that came with the module; do not mix versions."),
        new("InternalError", "NotSpecified", "The engine met a condition its authors did not foresee.", "Report it with the diagnostic text that came with it."),

        new("OutputUnwritable", "WriteError", "The work is done, but its result cannot be written to standard output.", "Look at what was made, with list for example, and give the command an output that can be written."),

        // Disk image files
        new("FileNotFound", "ObjectNotFound", "The file does not exist or is not a file.", "Check the path."),
        new("FileUnreadable", "ReadError", "The file cannot be opened or read.", "Check permissions, and that no other program holds the file open."),
        new("FormatNotSupported", "InvalidType", "The file is of a format or subformat that cannot be read.", "Unpack or convert it to raw or qcow2 first; the message says how, where that is known."),
        new("FormatFeatureNotSupported", "InvalidType", "The file uses a feature of its format that cannot be read safely, such as encryption.", "Convert it with qemu-img to a plain raw or qcow2 file."),
        new("ImageCorrupt", "InvalidData", "The file's own tables contradict each other or point outside it.", "Take the file from its source again, and compare its checksum with that of the source."),
        new("ForeignReference", "SecurityError", "The file refers to another file, which would be read in the publisher's name.", "Flatten it: qemu-img convert makes a file that stands alone."),
        new("ImageTooLarge", "LimitsExceeded", "The file or its virtual disk is larger than the policy allows.", "Shrink the disk, or raise the limit."),
        new("FormatNotAllowed", "PermissionDenied", "The policy does not allow the file's format.", "Convert the file to a format that the message names, or allow its format."),
        new("SectorSizeNotAllowed", "PermissionDenied", "The policy does not allow disks with sectors of that size.", "Convert the disk, or allow its sector size."),
        new("ImageEmpty", "InvalidData", "The virtual disk has no bytes.", "Check that the file was written completely."),
        new("SourceChanged", "InvalidOperation", "The file changed while it was read.", "Shut the machine that uses it down, and publish again."),

        new("SourceUnreachable", "ConnectionError", "The place that the disk image is to be read from does not answer, and went on not answering.", "Check the address and the network; then run the same command again, it goes on from there."),
        new("SourceRefused", "PermissionDenied", "The place that the disk image is to be read from refuses it.", "Do what its answer in the message asks for, such as other credentials or a fresh address; then run the same command again."),
        new("SourceRangesNotSupported", "NotImplemented", "The place that the disk image is to be read from does not answer range requests.", "Download the file, and publish it from here."),

        // Stores
        new("StoreNotFound", "ObjectNotFound", "The store's bucket or directory does not exist.", "Check the store's address, or create the bucket."),
        new("CertificateNotTrusted", "SecurityError", "The certificate of a store or a source is not trusted here.", "If the authority that issued it is yours, add it to those this machine trusts (on Debian: /usr/local/share/ca-certificates and update-ca-certificates), or name its file in SSL_CERT_FILE."),
        new("StoreUnreachable", "ConnectionError", "The store does not answer, and went on not answering.", "Check the endpoint, the network and the service; then run the same command again, it goes on from there."),
        new("StoreAccessDenied", "PermissionDenied", "The store refuses these credentials.", "Check the credentials and what they are allowed to do."),
        new("StoreFormatNotSupported", "InvalidData", "The store was made by a newer version, or is not an ImageFabric store.", "Use a newer ImageFabric, or another bucket or prefix."),
        new("StoreNotReachableFromHost", "ConnectionError", "The store is a directory that the host does not have.", "Mount the directory on the host at the same path, or register an S3 store."),
        new("StoreFull", "WriteError", "The store has no room.", "Make room in the store; then run the same command again, it goes on from there."),
        new("StoreRefused", "InvalidOperation", "The store's service refuses what it was asked for, and would refuse it again.", "Do what its answer in the message asks for; then run the same command again."),
        new("StoreRedirects", "InvalidOperation", "The store's endpoint leads to another address, which is not followed.", "Give the address that the message names as the endpoint, if you trust it."),
        new("StoreCredentialsEnded", "AuthenticationError", "The credentials for the store have ended, or their session token is not valid.", "Sign in again, or take new credentials; then run the same command again, it goes on from there."),
        new("ClockSkewed", "ResourceUnavailable", "The clock of this machine differs too much from the store's, which refuses its signatures.", "Set the clock, or have it set by NTP; then run the same command again."),
        new("StoreLinkRefused", "SecurityError", "A name in the store's directory is a symbolic link, and nothing behind a link belongs to the store.", "Remove the link that the message names, or mount the directory itself in its place."),
        new("StoreListingIncomplete", "InvalidData", "A listing of the store is incomplete or contradicts itself, so nobody knows what the store holds.", "Check the service with Test-VmImageStore, and gateways and proxies before it; then run the same command again. Nothing was deleted."),
        new("StoreIsNotS3", "InvalidData", "What answers at the store's endpoint is no S3 service, or is not spoken to in its way.", "Check the endpoint: scheme, host and port of the S3 service itself, not of its console, and no login page or proxy before it."),
        new("CredentialsNotFound", "AuthenticationError", "No credentials for the store were found.", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or give a credential."),
        new("ImageNotFound", "ObjectNotFound", "The store has no such image or version.", "List what is there with Get-VmImage or imagefabric list."),
        new("ImageExists", "ResourceExists", "The version is published already, with other content.", "Publish under a new version; a published version never changes."),
        new("PublishOvertaken", "InvalidOperation", "The store was cleaned while the image was published, and what it was to be built on went away.", "Publish again: what was sent is found and used. Clean the store with a grace period that is longer than any publish."),
        new("CollectionUnsafe", "InvalidData", "An image of the store cannot be read, so nobody knows what it needs, and nothing was deleted.", "Repair the image that the message names, or remove it; then clean the store again."),
        new("SignatureMissing", "SecurityError", "A trust policy takes signed images only, and the image is not signed.", "Have it signed: publish it again with -SigningCertificate; or change the policy that the message names."),
        new("SignatureInvalid", "SecurityError", "An image's signature is not over what its manifest says, or cannot be read.", "Find out who changed the manifest before you publish the image again under a new version."),
        new("SignerNotTrusted", "SecurityError", "An image is signed by somebody whom a trust policy does not name.", "Check the signer's thumbprint in the message; add it, or the authority that issued it, to the policy if it may be trusted."),
        new("TrustPolicyInvalid", "InvalidData", "A trust policy cannot be read, so that nothing may be taken under it.", "Correct the policy that the message names."),
        new("SigningCertificateUnusable", "SecurityError", "The certificate cannot be read, or has no private key that signs.", "Give a certificate with its private key: a PKCS #12 or PEM file, or the thumbprint of one in a personal store."),
        new("ManifestCorrupt", "InvalidData", "A manifest cannot be read or contradicts its index.", "Publish the image again under a new version."),
        new("IndexCorrupt", "InvalidData", "An index does not have the content its name promises.", "Restore the object from a replica, or publish the image again."),
        new("PackCorrupt", "InvalidData", "A pack does not have the content its name promises.", "Restore the pack from a replica, or remove it and publish the image again."),
        new("ObjectMissing", "ObjectNotFound", "An object that an image needs is not in the store.", "Restore the object from a replica, or publish the image again."),

        // The list of registered stores
        new("StoreNotRegistered", "ObjectNotFound", "No store of that name is registered.", "List them with Get-VmImageStore, register it with Register-VmImageStore, or give a directory or an s3:// address."),
        new("StoreExists", "ResourceExists", "A store of that name is registered already.", "Choose another name, or replace it with -Force."),
        new("StoreRegistryUnusable", "ResourceUnavailable", "The file of registered stores cannot be read or written.", "Check the file that the message names, and its permissions."),

        // Pull and hosts
        new("GrantExpired", "AuthenticationError", "Presigned addresses expired and were not renewed.", "Run the same command again, it goes on from there."),
        new("HostDiskFull", "WriteError", "The host has no room for the image.", "Make room in the host's image directory; then run the same command again, it goes on from there."),
        new("TemporaryFileFailed", "WriteError", "The directory for temporary files has no room, or cannot be written into.", "Make room there, or set TMPDIR (TEMP on Windows) to another directory."),
        new("HostWriteFailed", "WriteError", "The host cannot write into its image directory.", "Check the directory and its permissions."),
        new("OutputExists", "ResourceExists", "The output file exists.", "Name another file, or allow it to be replaced."),
        new("ImageNotOnHost", "ObjectNotFound", "The host does not have the image.", "Sync the image to the host first."),
        new("ImageInUse", "ResourceBusy", "A machine of the host is based on the image, or one is being made from it.", "Remove the machines that the message names first."),
        new("HostImageCorrupt", "InvalidData", "The host's copy of the image is not what was published.", "Remove it with Remove-VmHostImage and sync the image again."),
        new("HostUnreachable", "ConnectionError", "The host cannot be reached over SSH.", "Check name, port, network and that sshd runs there."),
        new("HostKeyUnknown", "SecurityError", "The host's SSH key is not known.", "Check the key's fingerprint and add it to known_hosts, for example with ssh-keyscan."),
        new("HostKeyChanged", "SecurityError", "The host's SSH key is not the one that is known.", "Find out why before you remove the old key from known_hosts: somebody may be in between."),
        new("HostAuthenticationFailed", "AuthenticationError", "The host refuses the SSH login.", "Check the user name, and that the key is loaded in the agent or named."),
        new("HostNotSupported", "NotImplemented", "The host's system or processor has no engine.", "Use an x86-64 host with Linux or Windows."),
        new("EngineInstallFailed", "WriteError", "The engine could not be put on the host.", "Check that the login can write to its engine directory and that it is not mounted noexec."),
        new("EngineFailed", "InvalidResult", "The engine ended without saying what happened.", "Run again with -Verbose and report the diagnostic text."),
        new("EngineNotFound", "ObjectNotFound", "The engine's program file is not where the module expects it.", "Install the module again, or set IMAGEFABRIC_ENGINE to the program."),
        new("SshNotFound", "ObjectNotFound", "The OpenSSH client is not installed.", "Install it: openssh-client on Debian, the OpenSSH Client feature on Windows."),
        new("TunnelRefused", "SecurityError", "The host's SSH server does not carry connections back to this machine.", "Allow remote TCP forwarding in the host's sshd_config (AllowTcpForwarding), or sync without a tunnel."),
        new("HostTimeout", "OperationTimeout", "The host did not finish in the given time.", "Run the same command again, it goes on from there; allow more time."),

        // Virtual machines
        new("HypervisorUnavailable", "ResourceUnavailable", "libvirt or Hyper-V does not answer on the host.", "Check that it is installed and runs, and that the login may use it (on Windows: administrators or Hyper-V Administrators)."),
        new("HypervisorFailed", "InvalidResult", "libvirt, qemu-img or Hyper-V refused an operation.", "Read the tool's own words in the message."),
        new("VmOptionNotSupported", "NotImplemented", "The host's hypervisor, or a machine of that generation, cannot be given what was asked for.", "Leave out what the message names, or make the machine on another host."),
        new("VmExists", "ResourceExists", "The host has a machine of that name.", "Choose another name, or remove that machine."),
        new("VmDiffers", "InvalidOperation", "The machine that a DSC configuration asks for is there, and is not as asked.", "Correct the configuration, or allow the machine to be made anew with Force."),
        new("VmNotFound", "ObjectNotFound", "The host has no such machine made from an image.", "List them with Get-VmFromImage."),
        new("VmBelongsToAnotherHost", "PermissionDenied", "Another host that has the same image directory made the machine.", "Work on it by that host; if that host is gone for good, force the removal."),
        new("VmRunning", "ResourceBusy", "The machine runs.", "Shut it down, or force the removal."),
        new("DiskTooSmall", "InvalidArgument", "The disk size asked for is smaller than the image.", "Ask for the image's size or more."),
        new("FirmwareNotAvailable", "NotInstalled", "The host has no UEFI firmware for machines.", "Install it on the host (on Debian the package ovmf), or make the machine with BIOS firmware."),
        new("NetworkNotFound", "ObjectNotFound", "The host has no such network, bridge or virtual switch.", "Check with virsh net-list --all or Get-VMSwitch on the host."),
    ];
}
