using ImageFabric.Fleet;

namespace ImageFabric.Engine.Operations;

/// <summary>This very program, as the engine that is put on hosts.</summary>
internal static class OwnEngine
{
    public static LocalEngine Open() => new(Environment.ProcessPath
        ?? throw new OperationException("EngineNotFound", null, "The system does not say where this program is."));
}
