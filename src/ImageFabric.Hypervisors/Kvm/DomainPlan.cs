using ImageFabric.Hypervisors.Machines;

namespace ImageFabric.Hypervisors.Kvm;

/// <summary>All that a domain's definition is made from.</summary>
/// <param name="Record">What is remembered of the machine.</param>
/// <param name="Order">What was asked for.</param>
/// <param name="Offer">What the host can do.</param>
/// <param name="Network">What its network card is plugged into.</param>
/// <param name="Files">Where its files are.</param>
internal sealed record DomainPlan(MachineRecord Record, MachineOrder Order, HostOffer Offer, GuestNetwork Network, MachineFiles Files);
