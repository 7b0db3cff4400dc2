namespace ImageFabric.Hypervisors;

/// <summary>A virtual machine, or the hypervisor itself, that cannot be used. <see cref="Id"/> is stable and described in the error table.</summary>
public sealed class HypervisorException : Exception
{
    /// <summary>Makes an error about a virtual machine.</summary>
    /// <param name="id">Stable id, for example <c>VmExists</c>.</param>
    /// <param name="target">The machine, network, file or tool.</param>
    /// <param name="message">What is wrong, in one sentence.</param>
    /// <param name="innerException">What it came from.</param>
    public HypervisorException(string id, string target, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Id = id;
        Target = target;
    }

    /// <summary>Stable id, for example <c>VmExists</c>.</summary>
    public string Id { get; }

    /// <summary>The machine, network, file or tool.</summary>
    public string Target { get; }
}
