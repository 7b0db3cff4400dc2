namespace ImageFabric.Fleet.Tests;

public sealed class EngineProcessTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    [LinuxTheory]
    [InlineData("exit 0")]
    [InlineData("read -r line")]
    [InlineData("exec sleep 600")]
    public async Task Who_writes_after_the_stop_is_refused_and_does_not_wait(string body)
    {
        using EngineProcess process = EngineProcess.Start(_directory.Script("program", body), [], "program");
        await process.StopAsync();
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => process.WriteLineAsync("late", default));
        Assert.True(refused is IOException or InvalidOperationException, refused.ToString());
    }

    [LinuxFact]
    public async Task Who_writes_while_it_is_stopped_gets_an_end()
    {
        using EngineProcess process = EngineProcess.Start(_directory.Script("program", "exec sleep 600"), [], "program");
        byte[] more = new byte[1_000_000];
        Task[] writers = [.. Enumerable.Range(0, 3).Select(_ => process.WriteAsync(input => input.Write(more, 0, more.Length), default))];
        await process.StopAsync();
        foreach (Task writer in writers)
        {
            Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => writer);
            Assert.True(refused is IOException or InvalidOperationException, refused.ToString());
        }
    }

    [LinuxFact]
    public async Task Stopping_twice_is_stopping_once()
    {
        using EngineProcess process = EngineProcess.Start(_directory.Script("program", "read -r line; exit 7"), [], "program");
        await process.StopAsync();
        await process.StopAsync();
        Assert.Equal(7, await process.WaitForExitAsync(default));
        Assert.Null(await process.ReadLineAsync(default));
    }

    public void Dispose() => _directory.Dispose();
}
