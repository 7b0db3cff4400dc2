namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>Tests on the testbed's hosts, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class HostsCollection : ICollectionFixture<PublishedImages>
{
    public const string Name = "hosts";
}

/// <summary>Tests that take something away from everybody, alone on the machine.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HostFailuresCollection : ICollectionFixture<PublishedImages>
{
    public const string Name = "host failures";
}
