using System.Diagnostics;
using ImageFabric.Engine.Host;
using ImageFabric.Engine.Tests.Support;

namespace ImageFabric.Engine.Tests.Operations;

/// <summary>A host's policy that cannot be read takes nothing: it may ask for anything.</summary>
public sealed class TrustFileTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void Only_a_policy_that_is_certainly_absent_asks_for_nothing()
    {
        Assert.Null(TrustFile.ReadIfAny(scratch["trust.json"]));
        Assert.Null(TrustFile.ReadIfAny(Path.Combine(scratch["nowhere"], "trust.json")));
    }

    [Fact]
    public void A_directory_in_its_place_takes_nothing()
    {
        Directory.CreateDirectory(scratch["trust.json"]);
        Assert.Equal("TrustPolicyInvalid", Assert.Throws<OperationException>(() => TrustFile.ReadIfAny(scratch["trust.json"])).Id);
    }

    [EngineFact]
    public async Task A_pipe_in_its_place_is_not_waited_for_and_takes_nothing()
    {
        using (Process make = Process.Start("mkfifo", [scratch["trust.json"]]))
            await make.WaitForExitAsync();
        OperationException refused = await Task.Run(() => Assert.Throws<OperationException>(() => TrustFile.ReadIfAny(scratch["trust.json"]))).WaitAsync(EngineProgram.Patience);
        Assert.Equal("TrustPolicyInvalid", refused.Id);
    }

    [Fact]
    public void A_link_that_leads_nowhere_takes_nothing()
    {
        File.CreateSymbolicLink(scratch["link.json"], scratch["gone"]);
        Assert.Equal("TrustPolicyInvalid", Assert.Throws<OperationException>(() => TrustFile.ReadIfAny(scratch["link.json"])).Id);
    }

    [Fact]
    public void A_folder_that_may_not_be_looked_into_takes_nothing()
    {
        if (!OperatingSystem.IsLinux() || Environment.IsPrivilegedProcess)
            return;
        Directory.CreateDirectory(scratch["etc"], UnixFileMode.None);
        Assert.Equal("TrustPolicyInvalid", Assert.Throws<OperationException>(() => TrustFile.ReadIfAny(Path.Combine(scratch["etc"], "trust.json"))).Id);
        File.SetUnixFileMode(scratch["etc"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
