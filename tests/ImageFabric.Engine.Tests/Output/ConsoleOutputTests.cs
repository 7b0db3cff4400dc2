using ImageFabric.Engine.Output;
using ImageFabric.Protocol;

namespace ImageFabric.Engine.Tests.Output;

public sealed class ConsoleOutputTests
{
    private readonly StringWriter results = new() { NewLine = "\n" };
    private readonly StringWriter messages = new() { NewLine = "\n" };

    [Fact]
    public void A_list_has_one_heading()
    {
        var output = new ConsoleOutput(results, messages, showProgress: false, verbose: false);
        var image = new ImageResult { Name = "disk", Version = "1", ImageId = "sha256:" + new string('a', 64), Published = "2026-02-03T04:05:06.000Z", VirtualSize = 1 << 20 };

        output.Result(image);
        output.Result(image);

        string[] lines = results.ToString().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("IMAGE ", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^disk:1 +1\.00 MiB +0 B +0 B  2026-02-03  sha256:a{12}$", lines[1]);
        Assert.Equal(lines[0].IndexOf("PUBLISHED", StringComparison.Ordinal), lines[1].IndexOf("2026", StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_goes_to_the_messages_with_its_id_its_target_and_what_to_do()
    {
        var output = new ConsoleOutput(results, messages, showProgress: false, verbose: false);

        output.Error(new ErrorEvent { Id = "PackCorrupt", Message = "It is damaged.", Target = "packs/aa", RecommendedAction = "Restore it." });
        output.Error(new ErrorEvent { Id = "ImageNotFound", Message = "There is no disk:1.", Target = "disk:1" });

        Assert.Equal("error PackCorrupt (packs/aa): It is damaged.\n  Restore it.\nerror ImageNotFound: There is no disk:1.\n", messages.ToString());
        Assert.Equal(2, output.ErrorsWritten);
        Assert.Empty(results.ToString());
    }

    [Fact]
    public void The_progress_line_is_wiped_before_anything_else_is_said()
    {
        var output = new ConsoleOutput(results, messages, showProgress: true, verbose: false);

        output.Progress(new ProgressReport("Pulling disk:1", 512, 1024));
        output.Warning("odd");

        string line = "Pulling disk:1:  50 %  512 B of 1.00 KiB";
        Assert.Equal($"\r{line}\r{new string(' ', line.Length)}\rwarning: odd\n", messages.ToString());
    }

    [Theory]
    [InlineData(true, "said\n")]
    [InlineData(false, "")]
    public void What_only_the_curious_want_is_said_to_them_alone(bool verbose, string said)
    {
        new ConsoleOutput(results, messages, showProgress: false, verbose).Verbose("said");

        Assert.Equal(said, messages.ToString());
    }
}
