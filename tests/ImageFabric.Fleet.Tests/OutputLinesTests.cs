using System.Text;

namespace ImageFabric.Fleet.Tests;

public sealed class OutputLinesTests
{
    [Fact]
    public async Task Lines_come_whole_whatever_pieces_they_were_read_in()
    {
        string[] lines = ["", "ä€😀", new string('x', 100_000), "last"];
        var output = new OutputLines(new TrickleStream(Encoding.UTF8.GetBytes("\nä€😀\r\n" + lines[2] + "\nlast"), 7), "engine");
        foreach (string line in lines)
            Assert.Equal(line, await output.ReadAsync(default));
        Assert.Null(await output.ReadAsync(default));
        Assert.Null(await output.ReadAsync(default));
    }

    [Fact]
    public async Task A_line_beyond_the_limit_is_refused()
    {
        var output = new OutputLines(new MemoryStream(Encoding.ASCII.GetBytes("12345678\n123456789\n")), "engine", maximumLength: 8);
        Assert.Equal("12345678", await output.ReadAsync(default));
        var refused = await Assert.ThrowsAsync<FleetException>(() => output.ReadAsync(default));
        Assert.Equal("EngineFailed", refused.Error.Id);
    }

    [Fact]
    public async Task More_lines_than_are_held_all_arrive()
    {
        var output = new OutputLines(new MemoryStream(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => i + "\n")))), "engine");
        for (int i = 0; i < 5000; i++)
            Assert.Equal(i.ToString(), await output.ReadAsync(default));
        Assert.Null(await output.ReadAsync(default));
    }

    private sealed class TrickleStream(byte[] content, int piece) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));
    }
}
