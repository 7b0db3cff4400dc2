using System.Runtime.Serialization;
using ImageFabric.Disks;
using ImageFabric.Fleet;
using ImageFabric.Hypervisors;
using ImageFabric.Protocol;
using ImageFabric.Store;

namespace ImageFabric.Engine;

/// <summary>Turns what the libraries throw into the one kind of error that leaves the engine.</summary>
internal static class Faults
{
    public static ErrorEvent Describe(Exception fault) => fault switch
    {
        FleetException fleet => fleet.Error,
        DiskException disk => Make(disk.Id, disk.Target, disk.Message, disk.Offset),
        StoreException store => Make(store.Id, store.Target, store.Message),
        HypervisorException hypervisor => Make(hypervisor.Id, hypervisor.Target, hypervisor.Message),
        OperationException operation => Make(operation.Id, operation.Target, operation.Message),
        SerializationException malformed => Make("InvalidRequest", null, malformed.Message),
        _ => Make("InternalError", null, $"{fault.GetType().Name}: {fault.Message}"),
    };

    /// <summary>True for a fault that the error table does not explain, so that its stack trace is worth showing.</summary>
    public static bool IsDefect(Exception fault) => Describe(fault).Id == "InternalError";

    private static ErrorEvent Make(string id, string? target, string message, long? offset = null)
    {
        ErrorDescription description = ErrorCatalog.Describe(id);
        return new ErrorEvent { Id = description.Id, Category = description.Category, Message = message, Target = target, Offset = offset, RecommendedAction = description.RecommendedAction };
    }
}
