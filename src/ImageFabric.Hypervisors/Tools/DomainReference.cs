namespace ImageFabric.Hypervisors.Tools;

/// <summary>A domain that libvirt has.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name, which can change.</param>
internal sealed record DomainReference(Guid Uuid, string Name);
