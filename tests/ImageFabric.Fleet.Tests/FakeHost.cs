namespace ImageFabric.Fleet.Tests;

/// <summary>A host as far as Fleet can see one: an ssh that runs the command in a shell of this machine, with an engine directory of its own.</summary>
internal sealed class FakeHost
{
    private readonly TestDirectory _directory;

    /// <param name="directory">Where it lives.</param>
    /// <param name="before">What the host does before the command: its shell start-up files, its environment, its faults.</param>
    /// <param name="run">How the host runs the command, which is in <c>$command</c>.</param>
    /// <param name="wire">What happens to the bytes on their way to the host: a filter.</param>
    public FakeHost(TestDirectory directory, string before = "", string run = "exec sh -c \"$command\"", string? wire = null)
    {
        if (wire is not null)
        {
            // Not a pipeline: as sshd does, this ends when the command does, and not when the input does.
            run = $$"""
                mkfifo $HERE/wire.$$
                exec 3<&0
                { {{wire}}; } <&3 > $HERE/wire.$$ &
                sh -c "$command" < $HERE/wire.$$
                status=$?; kill $! 2>/dev/null; exit $status
                """;
        }

        _directory = directory;
        SshPath = directory.Script(
            "ssh",
            $$"""
            echo "$*" >> $HERE/calls
            for command; do :; done
            export IMAGEFABRIC_ENGINE_DIRECTORY=$HERE/host
            echo $$ >> $HERE/ssh.pid
            {{before}}
            {{run}}
            """);
    }

    public string SshPath { get; }

    /// <summary>Every file in the host's engine directory, relative to it.</summary>
    public IEnumerable<string> Files =>
        Directory.Exists(_directory["host"])
            ? Directory.EnumerateFiles(_directory["host"], "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(_directory["host"], f))
            : [];

    public HostEngine Engine(LocalEngine engine) => new(HostAddress.Parse("kvm01"), engine, SshPath);
}
