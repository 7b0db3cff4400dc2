namespace ImageFabric.Engine.Tests.Support;

/// <summary>A test of the built program against the testbed's S3 store; skipped, and shown as such, where either is missing.</summary>
public sealed class TestbedFactAttribute : FactAttribute
{
    public TestbedFactAttribute() => Skip = Requirements.First(EngineProgram.WhyNot, Requirements.QemuImg, Requirements.Store);
}

/// <summary>A test of the built program against the testbed's store and KVM hosts; skipped, and shown as such, where any is missing.</summary>
public sealed class HostFactAttribute : FactAttribute
{
    public HostFactAttribute() => Skip = Requirements.First(EngineProgram.WhyNot, Requirements.QemuImg, Requirements.Store, Requirements.Hosts);
}

/// <summary>As <see cref="HostFactAttribute"/>, with data.</summary>
public sealed class HostTheoryAttribute : TheoryAttribute
{
    public HostTheoryAttribute() => Skip = Requirements.First(EngineProgram.WhyNot, Requirements.QemuImg, Requirements.Store, Requirements.Hosts);
}
