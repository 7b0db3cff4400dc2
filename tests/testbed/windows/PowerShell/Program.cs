// powershell.exe of a Windows host of the testbed: PowerShell itself behind the part of its command line that is used there.
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using Microsoft.PowerShell;
using System.Text;

// The other end of PowerShell's remoting over SSH.
if (args.Contains("-sshs"))
    return UnmanagedPSEntry.Start(args, args.Length);

string? script = null;
for (int i = 0; i < args.Length && script is null; i++)
{
    switch (args[i].TrimStart('-').ToLowerInvariant())
    {
        case "encodedcommand":
            script = Encoding.Unicode.GetString(Convert.FromBase64String(args[i + 1]));
            break;
        case "c" or "command":
            script = string.Join(' ', args[(i + 1)..]);
            break;
    }
}

var host = new PlainHost();
try
{
    InitialSessionState state = InitialSessionState.CreateDefault();
    state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
    // Under Wine, PowerShell finds no programs along PATH.
    state.Commands.Add(new SessionStateAliasEntry("powershell.exe", Environment.ProcessPath));
    using Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
    runspace.Open();
    using PowerShell shell = PowerShell.Create(runspace);
    shell.AddScript(script ?? throw new ArgumentException("There is no -EncodedCommand and no -Command."));
    shell.AddCommand("Out-String").AddParameter("Stream");
    var output = new PSDataCollection<PSObject>();
    output.DataAdded += (_, added) => Write(Console.Out, output[added.Index]);
    shell.Streams.Error.DataAdded += (_, added) => Write(Console.Error, shell.Streams.Error[added.Index]);
    shell.Invoke<PSObject, PSObject>(null, output, null);
    return host.ExitCode ?? (shell.HadErrors ? 1 : 0);
}
catch (RuntimeException failure)
{
    Write(Console.Error, failure.ErrorRecord);
    return 1;
}

static void Write(TextWriter writer, object text)
{
    writer.WriteLine(text);
    writer.Flush();
}

/// <summary>A host without a screen.</summary>
internal sealed class PlainHost : PSHost
{
    /// <summary>What the script said with exit.</summary>
    public int? ExitCode { get; private set; }

    public override string Name => "ConsoleHost";

    public override Version Version => new(5, 1);

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface? UI => null;

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;

    public override void EnterNestedPrompt() => throw new NotSupportedException();

    public override void ExitNestedPrompt() => throw new NotSupportedException();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
}
