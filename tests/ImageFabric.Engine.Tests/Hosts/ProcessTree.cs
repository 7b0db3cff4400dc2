namespace ImageFabric.Engine.Tests.Hosts;

/// <summary>A process and all that it started, as they were at one moment.</summary>
internal sealed class ProcessTree
{
    private readonly IReadOnlyList<Entry> processes;

    private ProcessTree(IReadOnlyList<Entry> processes) => this.processes = processes;

    /// <summary>Names of the programs.</summary>
    public IEnumerable<string> Programs => processes.Select(p => p.Program);

    /// <summary>Process ids of those of one program.</summary>
    public IEnumerable<int> Named(string program) => processes.Where(p => p.Program == program).Select(p => p.Id);

    public static ProcessTree Of(int root)
    {
        Entry[] all = [.. Directory.EnumerateDirectories("/proc").Select(d => Read(Path.GetFileName(d))).OfType<Entry>()];
        HashSet<int> family = [root];
        while (all.FirstOrDefault(p => family.Contains(p.Parent) && !family.Contains(p.Id)) is { } child)
            family.Add(child.Id);
        return new ProcessTree([.. all.Where(p => family.Contains(p.Id))]);
    }

    /// <summary>Ctrl+C as a terminal gives it: to all of them at once.</summary>
    public Task InterruptAsync() => Tool.RunAsync("kill", ["-INT", .. processes.Select(p => p.Id.ToString())]);

    /// <summary>Those that still run.</summary>
    public string[] Running() =>
        [.. processes.Where(p => Read(p.Id.ToString())?.Started == p.Started).Select(p => $"{p.Program} ({p.Id})")];

    /// <summary>Waits until all have ended, for those that find out by themselves that nobody waits for them.</summary>
    public async Task EndedAsync()
    {
        for (int i = 0; i < 300 && Running().Length > 0; i++)
            await Task.Delay(100);
        Assert.Empty(Running());
    }

    private static Entry? Read(string id)
    {
        if (!int.TryParse(id, out int number))
            return null;
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            int end = stat.LastIndexOf(')');
            // What follows the name, see proc(5): state, parent, …, and as the twentieth the time it started.
            string[] fields = stat[(end + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new Entry(number, int.Parse(fields[1]), stat[(stat.IndexOf('(') + 1)..end], fields[19]);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return null;
        }
    }

    private sealed record Entry(int Id, int Parent, string Program, string Started);
}
