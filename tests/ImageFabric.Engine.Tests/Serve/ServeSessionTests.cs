using ImageFabric.Engine.Tests.Support;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Serve;

/// <summary>Requests on standard input.</summary>
public sealed class ServeSessionTests : IDisposable
{
    private const long Mebi = 1024 * 1024;

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [EngineTheory]
    [InlineData("""{"protocol":2,"operation":"list"}""", "ProtocolMismatch")]
    [InlineData("""{"protocol":0,"operation":"fly"}""", "ProtocolMismatch")]
    [InlineData("""{"protocol":1,"operation":"fly"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":null}""", "InvalidRequest")]
    [InlineData("""{"protocol":1}""", "InvalidRequest")]
    [InlineData("""{"operation":"list"}""", "InvalidRequest")]
    [InlineData("""{"protocol":"one","operation":"list"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"list","store":"here"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"publish"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"publish","name":"disk","version":"1"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"test"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"remove"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"grant"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"pull"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"pull","image":{"type":"result"}}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"vm-create"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"vm-remove"}""", "InvalidRequest")]
    [InlineData("""{"protocol":1,"operation":"list"}}""", null)]
    [InlineData("[]", "InvalidRequest")]
    [InlineData("null", "InvalidRequest")]
    [InlineData("list", "InvalidRequest")]
    [InlineData("", "InvalidRequest")]
    public async Task A_request_that_cannot_be_done_is_refused_by_name(string request, string? id)
    {
        var environment = new Dictionary<string, string?> { ["XDG_DATA_HOME"] = scratch["data"] };
        await using EngineProgram program = EngineProgram.Start(["serve"], environment);
        await program.Input.WriteLineAsync(request);
        await program.Input.FlushAsync();

        EngineAnswer answer = await program.FinishedAsync();

        if (id is null)
            answer.Succeeded();
        else
            Assert.Equal(id, answer.Failure().Id);
        Assert.Empty(answer.Error);
    }

    [EngineFact]
    public async Task Input_that_ends_before_there_is_a_request_is_refused()
    {
        await using EngineProgram program = EngineProgram.Start(["serve"]);
        program.Input.Close();

        Assert.Equal("InvalidRequest", (await program.FinishedAsync()).Failure().Id);
    }

    [EngineFact]
    public async Task Input_that_is_not_UTF_8_is_refused()
    {
        await using EngineProgram program = EngineProgram.Start(["serve"]);
        program.Input.BaseStream.Write([0xff, 0xfe, (byte)'\n']);
        program.Input.BaseStream.Flush();

        Assert.Equal("InvalidRequest", (await program.FinishedAsync()).Failure().Id);
    }

    [EngineFact]
    public async Task A_line_longer_than_the_protocol_allows_is_refused()
    {
        await using EngineProgram program = EngineProgram.Start(["serve"]);
        string part = new('x', 1 << 20);
        try
        {
            for (int length = 0; length <= ProtocolJson.MaximumLineLength; length += part.Length)
                await program.Input.WriteAsync(part);
        }
        catch (IOException)
        {
            // It need not read to the end what it refuses.
        }

        Assert.Equal("InvalidRequest", (await program.FinishedAsync()).Failure().Id);
    }

    [EngineFact]
    public async Task A_byte_order_mark_and_unknown_members_are_passed_over()
    {
        await using EngineProgram program = EngineProgram.Start(["serve"], new Dictionary<string, string?> { ["XDG_DATA_HOME"] = scratch["data"] });
        await program.Input.WriteAsync("\ufeff{\"protocol\":1,\"operation\":\"list\",\"colour\":\"blue\"}\r\n");
        await program.Input.FlushAsync();

        Assert.Empty((await program.FinishedAsync()).Succeeded().Output);
    }

    [EngineFact]
    public async Task Publish_list_verify_remove_and_test_are_served()
    {
        string disk = SampleDisk.MakeDense(scratch["disk.raw"], 2 * Mebi, Mebi);
        var store = new StoreReference { Uri = scratch["store"] };

        TestResult tested = (await ServeAsync(new TestRequest { Source = disk })).Result<TestResult>();
        PublishResult published = (await ServeAsync(new PublishRequest { Store = store, Source = disk, Name = "disk", Version = "1", Labels = new() { ["os"] = "none" } })).Result<PublishResult>();
        ImageResult listed = (await ServeAsync(new ListRequest { Store = store, Image = "disk:*" })).Result<ImageResult>();
        VerifyResult verified = (await ServeAsync(new VerifyRequest { Store = store, Image = "disk" })).Result<VerifyResult>();
        ProbeResult probed = (await ServeAsync(new ProbeRequest { Store = store })).Result<ProbeResult>();
        ImageResult removed = (await ServeAsync(new RemoveRequest { Store = store, Image = "disk:1" })).Result<ImageResult>();
        EngineAnswer empty = (await ServeAsync(new ListRequest { Store = store })).Succeeded();

        Assert.Equal(("raw", 2 * Mebi, Mebi), (tested.Format, tested.VirtualSize, tested.AllocatedSize));
        Assert.True(published.Created);
        Assert.Equal((published.ImageId, "none"), (listed.ImageId, listed.Labels!["os"]));
        Assert.Equal(published.ImageId, verified.ImageId);
        Assert.True(probed.ConditionalWrites);
        Assert.Equal(published.ImageId, removed.ImageId);
        Assert.Empty(empty.Output);
    }

    private static Task<EngineAnswer> ServeAsync(EngineRequest request) => EngineProgram.ServeAsync(ProtocolJson.Serialize(request));
}
