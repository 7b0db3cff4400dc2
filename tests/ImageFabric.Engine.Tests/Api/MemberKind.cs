namespace ImageFabric.Engine.Tests.Api;

internal enum MemberKind
{
    Field,
    Method,
}
