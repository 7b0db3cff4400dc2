using ImageFabric.Disks.Files;

namespace ImageFabric.Disks.Ova;

/// <summary>The only disk of an OVA: a tar archive with an OVF descriptor and the disk that it names, which is read where it lies. DMTF DSP0243, section "OVF package".</summary>
internal sealed class OvaDisk : ILogicalDisk
{
    private readonly ILogicalDisk disk;
    private readonly SourceFile archive;
    private ReadDigest? digest;
    private readonly Func<ReadDigest, CancellationToken, ValueTask> check;
    private readonly DiskNotice[] blankNotices;

    private OvaDisk(SourceFile archive, ILogicalDisk disk, int blankDisks, ReadDigest? digest, Func<ReadDigest, CancellationToken, ValueTask> check)
    {
        (this.archive, this.disk, this.digest, this.check) = (archive, disk, digest, check);
        blankNotices = blankDisks == 0 ? [] : [new DiskNotice("BlankDisksIgnored", $"The machine in the archive has {blankDisks} more disks that begin empty, which are left out.")];
    }

    public string Format => "ova";

    public string? Subformat => disk.Subformat;

    public int SectorSize => disk.SectorSize;

    public bool IsSequential => disk.IsSequential;

    public long Length => disk.Length;

    public long FileLength => archive.Length;

    public IReadOnlyList<DiskNotice> Notices => [.. disk.Notices, .. blankNotices];

    /// <summary>Finds the disk and opens it.</summary>
    /// <exception cref="DiskException">As <see cref="DiskImage.OpenAsync"/> says.</exception>
    public static async Task<ILogicalDisk> OpenAsync(SourceFile archive, DiskPolicy policy, CancellationToken cancellationToken)
    {
        // macOS packs what it knows of a file as a member of its own (AppleDouble).
        TarMember[] members = [.. (await TarArchive.ReadMembersAsync(archive, cancellationToken).ConfigureAwait(false)).Where(static member => !NameOf(member).StartsWith("._", StringComparison.Ordinal))];
        TarMember description = FindDescriptor(archive, members);
        OvfManifest? manifest = policy.IgnoresDigests ? null : await OvfManifest.ReadAsync(archive, members, description.Name, cancellationToken).ConfigureAwait(false);
        OvfDescriptor descriptor = await ReadDescriptorAsync(archive, description, manifest, cancellationToken).ConfigureAwait(false);
        TarMember member = FindDisk(archive, members, description, descriptor);
        ReadDigest? digest = manifest?.Start(member);
        SourceFile file = archive.Part(member.Name, member.Offset, member.Length, digest);
        ILogicalDisk disk = await DiskImage.OpenMemberAsync(file, policy, cancellationToken).ConfigureAwait(false);
        return new OvaDisk(archive, disk, descriptor.BlankDisks, digest, (hash, token) => manifest!.CheckAsync(member, file, hash, token));
    }

    public async ValueTask VerifyAsync(CancellationToken cancellationToken)
    {
        if (digest is null)
            return;
        await check(digest, cancellationToken).ConfigureAwait(false);

        // It was right once, and whether the file changes is looked at otherwise.
        digest.Dispose();
        digest = null;
    }

    public IAsyncEnumerable<DiskExtent> ReadExtentsAsync(CancellationToken cancellationToken) => disk.ReadExtentsAsync(cancellationToken);

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => disk.ReadAsync(offset, buffer, cancellationToken);

    public void ThrowIfChanged() => archive.ThrowIfChanged();

    public void Dispose()
    {
        disk.Dispose();
        archive.Dispose();
        digest?.Dispose();
    }

    private static TarMember FindDescriptor(SourceFile archive, IReadOnlyList<TarMember> members)
    {
        TarMember[] descriptors = [.. members.Where(member => member.Name.EndsWith(".ovf", StringComparison.OrdinalIgnoreCase))];
        if (descriptors.Length == 0)
            throw new DiskException("FormatNotSupported", archive.Path, $"The file is {KindOf(members)} without an OVF descriptor; unpack it first, and publish the disk in it.");
        if (descriptors.Length > 1)
            throw new DiskException("ImageCorrupt", archive.Path, "The archive has several OVF descriptors.", descriptors[1].Offset);
        if (descriptors[0].Length > OvfDescriptor.MaximumLength)
            throw new DiskException("ImageCorrupt", archive.Path, "The OVF descriptor is larger than 1 MiB.", descriptors[0].Offset);
        return descriptors[0];
    }

    private static async ValueTask<OvfDescriptor> ReadDescriptorAsync(SourceFile archive, TarMember member, OvfManifest? manifest, CancellationToken cancellationToken)
    {
        using ReadDigest? digest = manifest?.Start(member);
        SourceFile file = archive.Part(member.Name, member.Offset, member.Length, digest);
        byte[] content = new byte[member.Length];
        await file.ReadAsync(0, content, cancellationToken).ConfigureAwait(false);
        if (digest is not null)
            await manifest!.CheckAsync(member, file, digest, cancellationToken).ConfigureAwait(false);
        return OvfDescriptor.Parse(file, content);
    }

    private static string NameOf(TarMember member) => member.Name[(member.Name.LastIndexOf('/') + 1)..];

    // What cloud services and programs pack their disks as.
    private static string KindOf(IReadOnlyList<TarMember> members) =>
        members.Any(static member => member.Name is "ova.xml") ? "an XVA (tar archive of XenServer)"
        : members.Any(static member => member.Name is "metadata.json") && members.Any(static member => member.Name is "box.img" or "Vagrantfile") ? "a Vagrant box (tar archive)"
        : members.Any(static member => member.Name is "disk.raw") ? "a tar archive of disk.raw, as Google Compute Engine takes it,"
        : "a tar archive";

    private static TarMember FindDisk(SourceFile archive, IReadOnlyList<TarMember> members, TarMember description, OvfDescriptor descriptor)
    {
        if (descriptor.Disks.Count == 0)
            throw new DiskException("FormatNotSupported", archive.Path, "The machine in the archive has no disk with content.");
        if (descriptor.Disks.Count > 1)
            throw SeveralDisks(archive, descriptor.Disks.Select(disk => descriptor.FileOf(disk)?.Href ?? disk.Id));
        OvfDisk only = descriptor.Disks[0];
        OvfFile file = descriptor.FileOf(only) ?? throw new DiskException("ImageCorrupt", archive.Path, $"The OVF descriptor's disk '{only.Id}' is in no file that it lists.");
        if (only.HasParent)
            throw new DiskException("ForeignReference", archive.Path, $"The disk '{file.Href}' holds only the differences from another disk.");
        if (file.IsSplit)
            throw new DiskException("FormatFeatureNotSupported", archive.Path, $"The disk '{file.Href}' is split into pieces.");
        TarMember member = OvfReference.Find(members, description.Name, file.Href) ??
            throw new DiskException("ForeignReference", archive.Path, $"The disk '{file.Href}' is not in the archive.");
        TarMember[] others = [.. members.Where(other => other != member && other.Name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase))];
        return others.Length == 0 ? member : throw SeveralDisks(archive, others.Prepend(member).Select(disk => disk.Name));
    }

    private static DiskException SeveralDisks(SourceFile archive, IEnumerable<string> names) =>
        new("FormatFeatureNotSupported", archive.Path, $"The archive has several disks, of which each is an image of its own: {string.Join(", ", names)}.");
}
