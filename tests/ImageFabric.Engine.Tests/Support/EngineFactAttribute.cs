namespace ImageFabric.Engine.Tests.Support;

/// <summary>A test of the built program and of what qemu-img says of its work; skipped, and shown as such, where either is missing.</summary>
public sealed class EngineFactAttribute : FactAttribute
{
    public EngineFactAttribute() => Skip = Requirements.First(EngineProgram.WhyNot, Requirements.QemuImg);
}

/// <summary>As <see cref="EngineFactAttribute"/>, with data.</summary>
public sealed class EngineTheoryAttribute : TheoryAttribute
{
    public EngineTheoryAttribute() => Skip = Requirements.First(EngineProgram.WhyNot, Requirements.QemuImg);
}
