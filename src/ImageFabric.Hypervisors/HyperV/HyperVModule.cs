using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ImageFabric.Hypervisors.Tools;

namespace ImageFabric.Hypervisors.HyperV;

/// <summary>
/// The Hyper-V module in PowerShell: one script for each operation, parameters as JSON on its standard input, the answer as JSON on its standard output.
/// Scripts are resources of this assembly and go by <c>-EncodedCommand</c>, which no execution policy refuses and which leaves no file behind.
/// </summary>
/// <param name="program">PowerShell's program.</param>
/// <param name="environment">Variables it gets besides those of this process. Null: none.</param>
internal sealed class HyperVModule(string program, IReadOnlyDictionary<string, string>? environment = null)
{
    // Once the management service has a job, killing PowerShell does not take it back.
    private static readonly TimeSpan MutationGrace = TimeSpan.FromSeconds(1);

    private readonly ExternalTool _tool = new(program, "Hyper-V hosts have it in the box.", environment);

    /// <summary>Windows PowerShell, by its own path and never by PATH.</summary>
    public static string WindowsPowerShell => Path.Combine(Environment.SystemDirectory, "WindowsPowerShell", "v1.0", "powershell.exe");

    /// <summary>Makes a machine.</summary>
    public Task<CreationAnswer> CreateAsync(CreationOrder order, CancellationToken ct) =>
        RunAsync("create", order.Name, order, ModuleJson.Default.CreationOrder, ModuleJson.Default.CreationAnswer, ct);

    /// <summary>Describes the machine with this id, or every machine.</summary>
    public async Task<IReadOnlyList<MachineDescription>> ListAsync(Guid? id, CancellationToken ct)
    {
        var request = new ListingRequest(id?.ToString("D"));
        return (await RunAsync("list", _tool.Name, request, ModuleJson.Default.ListingRequest, ModuleJson.Default.ListingAnswer, ct).ConfigureAwait(false)).Machines;
    }

    /// <summary>Removes the machine with this id, and those whose files are in the directory.</summary>
    public Task<RemovalAnswer> RemoveAsync(string name, Guid? id, string directory, CancellationToken ct) =>
        RunAsync("remove", name, new RemovalRequest(id?.ToString("D"), directory), ModuleJson.Default.RemovalRequest, ModuleJson.Default.RemovalAnswer, ct);

    /// <summary>Waits for an address of a running machine.</summary>
    public Task<WaitAnswer> WaitAsync(string name, Guid id, TimeSpan longest, TimeSpan interval, CancellationToken ct)
    {
        var request = new WaitRequest(id.ToString("D"), longest.TotalSeconds, (int)interval.TotalMilliseconds);
        return RunAsync("wait", name, request, ModuleJson.Default.WaitRequest, ModuleJson.Default.WaitAnswer, ct);
    }

    /// <summary>The files that the disks of machines are made of.</summary>
    public async Task<IReadOnlyList<FileUseDescription>> UsesAsync(CancellationToken ct) =>
        (await RunAsync("uses", _tool.Name, NoParameters, ModuleJson.Default.NoParameters, ModuleJson.Default.UsesAnswer, ct).ConfigureAwait(false)).Uses;

    /// <summary>What the host has.</summary>
    public Task<HostDescription> ExamineAsync(CancellationToken ct) =>
        RunAsync("examine", _tool.Name, NoParameters, ModuleJson.Default.NoParameters, ModuleJson.Default.HostDescription, ct);

    /// <summary>The text of an operation's script.</summary>
    public static string Script(string operation) => Resource(operation) + "\n" + Resource("common");

    private static NoParameters NoParameters { get; } = new();

    private static string Resource(string name)
    {
        Assembly assembly = typeof(HyperVModule).Assembly;
        using Stream stream = assembly.GetManifestResourceStream($"ImageFabric.Hypervisors.HyperV.Scripts.{name}.ps1")
            ?? throw new InvalidOperationException($"The script {name}.ps1 is not in the program.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private async Task<TAnswer> RunAsync<TRequest, TAnswer>(
        string operation, string target, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken ct)
        where TAnswer : class
    {
        string command = Convert.ToBase64String(Encoding.Unicode.GetBytes(Script(operation)));
        string[] arguments = ["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand", command];
        ToolOutput output = await _tool.RunAsync(arguments, JsonSerializer.Serialize(request, requestType), MutationGrace, ct).ConfigureAwait(false);
        try
        {
            using JsonDocument answer = JsonDocument.Parse(output.Output);
            if (answer.RootElement.TryGetProperty("error", out JsonElement error) && error.Deserialize(ModuleJson.Default.ModuleFailure) is { } failure)
                throw Explain(operation, target, failure);
            if (answer.RootElement.TryGetProperty("result", out JsonElement result) && result.Deserialize(answerType) is { } said)
                return said;
        }
        catch (JsonException)
        {
            // What follows says more than where the text stops being JSON.
        }

        throw new HypervisorException("HypervisorFailed", target, $"{_tool.Name}: the operation '{operation}' gave no answer: {output.Complaint("")}");
    }

    private static HypervisorException Explain(string operation, string target, ModuleFailure failure)
    {
        string message = failure.Command is { Length: > 0 } command ? $"{command}: {failure.Message}" : failure.Message;
        if (failure.Id == "HypervisorUnavailable")
            message = $"Hyper-V does not answer ({operation}): {message}";
        return new HypervisorException(failure.Id, failure.Target is { Length: > 0 } named ? named : target, message);
    }
}
