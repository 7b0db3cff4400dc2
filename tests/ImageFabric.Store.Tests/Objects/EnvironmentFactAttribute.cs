using Xunit.Abstractions;
using Xunit.Sdk;

namespace ImageFabric.Store.Tests.Objects;

/// <summary>A fact that a base class may hold for a derived class which lacks its real part: then it is shown as skipped.</summary>
[XunitTestCaseDiscoverer("ImageFabric.Store.Tests.Objects.EnvironmentFactDiscoverer", "ImageFabric.Store.Tests")]
public sealed class EnvironmentFactAttribute : FactAttribute;

/// <summary>Makes the test cases of <see cref="EnvironmentFactAttribute"/>.</summary>
public sealed class EnvironmentFactDiscoverer(IMessageSink messages) : FactDiscoverer(messages)
{
    /// <inheritdoc/>
    protected override IXunitTestCase CreateTestCase(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        new EnvironmentTestCase(
            DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod);
}

/// <summary>A test case that asks its class which environment it needs.</summary>
public sealed class EnvironmentTestCase : XunitTestCase
{
    /// <summary>For xunit, which makes the case again in the process that runs it.</summary>
    [Obsolete("Called by the de-serializer.")]
    public EnvironmentTestCase()
    {
    }

    /// <summary>Makes the case of a method.</summary>
    public EnvironmentTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    /// <inheritdoc/>
    protected override string GetSkipReason(IAttributeInfo factAttribute)
    {
        IAttributeInfo? needs = TestMethod.TestClass.Class.GetCustomAttributes(typeof(NeedsEnvironmentAttribute)).FirstOrDefault();
        string[] variables = needs?.GetNamedArgument<string[]>(nameof(NeedsEnvironmentAttribute.Variables)) ?? [];
        string? missing = variables.FirstOrDefault(one => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(one)));
        return missing is null ? base.GetSkipReason(factAttribute) : $"{missing} is not set; tests/testbed/up.sh DIR, then . DIR/env";
    }
}
