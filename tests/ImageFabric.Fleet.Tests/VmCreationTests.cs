using ImageFabric.Protocol;

namespace ImageFabric.Fleet.Tests;

public sealed class VmCreationTests : IDisposable
{
    private const string Error = """echo '{"type":"error","id":"ID","category":"ObjectNotFound","message":"As said.","target":"a:1"}'; exit 1""";

    private readonly TestDirectory _directory = new();
    private readonly VmCreateRequest _request = new() { Image = "a:1", Name = "web01" };

    [LinuxFact]
    public async Task A_machine_is_made_from_an_image_that_is_there_without_a_sync()
    {
        File.WriteAllText(_directory["image"], "");
        LocalEngine engine = Engine();
        using ImageSync sync = Sync(engine);
        VmResult made = await new VmCreation(engine, sync).CreateAsync(HostAddress.Parse("localhost"), _request, null, default);
        Assert.Equal("web01", made.Name);
        Assert.Equal(["vm-create"], File.ReadAllLines(_directory["operations"]));
    }

    [LinuxFact]
    public async Task A_host_without_the_image_gets_it_and_then_the_machine()
    {
        LocalEngine engine = Engine();
        using ImageSync sync = Sync(engine);
        VmResult made = await new VmCreation(engine, sync).CreateAsync(HostAddress.Parse("localhost"), _request, null, default);
        Assert.Equal("web01", made.Name);
        Assert.Equal(["vm-create", "grant", "pull", "vm-create"], File.ReadAllLines(_directory["operations"]));
    }

    [LinuxFact]
    public async Task Without_a_sync_the_missing_image_is_the_error()
    {
        var thrown = await Assert.ThrowsAsync<FleetException>(
            () => new VmCreation(Engine(), null).CreateAsync(HostAddress.Parse("localhost"), _request, null, default));
        Assert.Equal("ImageNotOnHost", thrown.Error.Id);
    }

    [LinuxFact]
    public async Task A_sync_that_fails_is_the_error()
    {
        LocalEngine engine = Engine(pull: Error.Replace("ID", "HostDiskFull"));
        using ImageSync sync = Sync(engine);
        var thrown = await Assert.ThrowsAsync<FleetException>(
            () => new VmCreation(engine, sync).CreateAsync(HostAddress.Parse("localhost"), _request, null, default));
        Assert.Equal("HostDiskFull", thrown.Error.Id);
    }

    [LinuxFact]
    public async Task An_image_still_missing_after_the_sync_is_the_error_and_not_tried_again()
    {
        LocalEngine engine = Engine(pull: """echo '{"type":"result","imageId":"sha256:1","status":"AlreadyPresent"}'""");
        using ImageSync sync = Sync(engine);
        var thrown = await Assert.ThrowsAsync<FleetException>(
            () => new VmCreation(engine, sync).CreateAsync(HostAddress.Parse("localhost"), _request, null, default));
        Assert.Equal("ImageNotOnHost", thrown.Error.Id);
        Assert.Equal(["vm-create", "grant", "pull", "vm-create"], File.ReadAllLines(_directory["operations"]));
    }

    [LinuxFact]
    public async Task An_engine_that_makes_nothing_and_says_nothing_has_failed()
    {
        var thrown = await Assert.ThrowsAsync<FleetException>(
            () => new VmCreation(_directory.Engine("exit 0"), null).CreateAsync(HostAddress.Parse("localhost"), _request, null, default));
        Assert.Equal("EngineFailed", thrown.Error.Id);
    }

    public void Dispose() => _directory.Dispose();

    private static ImageSync Sync(LocalEngine engine) => new(engine, null, "a:1", new ImageSyncOptions());

    private LocalEngine Engine(string? pull = null) =>
        _directory.Engine(
            $$"""
            operation=${request#*'"operation":"'}; operation=${operation%%'"'*}; echo $operation >> $HERE/operations
            case $operation in
            grant) echo '{"type":"result","name":"a","version":"1","imageId":"sha256:1"}'; read -r end;;
            pull) {{pull ?? """: > $HERE/image; echo '{"type":"result","imageId":"sha256:1","status":"Synced"}'"""}};;
            vm-create) if test -e $HERE/image; then echo '{"type":"result","name":"web01"}'; else {{Error.Replace("ID", "ImageNotOnHost")}}; fi;;
            esac
            """);
}
