namespace ImageFabric.Store.Tests.Objects;

/// <summary>On a class: its <see cref="EnvironmentFactAttribute"/> tests are skipped where one of these environment variables is not set.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsEnvironmentAttribute(params string[] variables) : Attribute
{
    /// <summary>The variables, as <c>DIR/env</c> of the testbed exports them.</summary>
    public string[] Variables { get; } = variables;
}
