using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>Gives addresses of objects that a pulling engine may read.</summary>
public interface IGrantSource
{
    /// <summary>Answers a demand. May be called for several hosts at once.</summary>
    /// <exception cref="FleetException">The objects cannot be granted.</exception>
    Task<GrantEvent> GrantAsync(DemandEvent demand, CancellationToken cancellationToken);
}
