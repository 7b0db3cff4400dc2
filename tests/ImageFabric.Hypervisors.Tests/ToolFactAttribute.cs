namespace ImageFabric.Hypervisors.Tests;

/// <summary>A test that needs a program; skipped, visibly, where it is not on the PATH.</summary>
public sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(string program) => Skip = Program.WhyMissing(program);
}

/// <summary>A test with cases that needs programs; skipped, visibly, where one is not on the PATH.</summary>
public sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(params string[] programs) => Skip = programs.Select(Program.WhyMissing).FirstOrDefault(why => why is not null);
}
