using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using ImageFabric.Protocol;

namespace ImageFabric.Fleet;

/// <summary>
/// Becomes the engine on a host that runs PowerShell scripts for us: a fixed script finds the engine by its digest, asks for it when it is not there,
/// verifies it, starts it, and passes lines both ways. See <c>docs/design/engine-protocol.md</c>, "Through a PSSession".
/// </summary>
internal static class ScriptBootstrap
{
    private const int PieceLength = 256 * 1024;

    /// <summary>
    /// The script, for Windows PowerShell 5.1 and PowerShell 7 on both systems. The pipeline's own thread passes the engine's lines on, in waits short
    /// enough to be stopped in; what comes in is passed to the engine by a second one, which ends when nothing more can come.
    /// </summary>
    public static readonly string Script = string.Join("\n",
    [
        "param($linux,$windows)",
        "$ErrorActionPreference='Stop'; $ProgressPreference='SilentlyContinue'",
        "$in=$input; $new=$null; $p=$null; $feeder=$null",
        "function Say($s){\"IMAGEFABRIC $s\"}",
        .. WindowsBootstrap.Unpack,
        "try{",
        "if([IO.Path]::DirectorySeparatorChar -eq '\\'){$digest=$windows",
        .. WindowsBootstrap.FindProgram,
        "}else{$digest=$linux",
        "if(\"$(uname -s) $(uname -m)\" -ne 'Linux x86_64'){Say \"UNSUPPORTED $(uname -s) $(uname -m)\";return}",
        "$root=$env:IMAGEFABRIC_ENGINE_DIRECTORY",
        "if(!$root){if((id -u) -eq '0'){$root='/var/lib/imagefabric/engine'}else{$data=$env:XDG_DATA_HOME;if(!$data){$data=\"$HOME/.local/share\"};$root=\"$data/imagefabric/engine\"}}",
        "$dir=\"$root/$digest\";$exe=\"$dir/imagefabric\"}",
        "if(!$digest){Say 'UNSUPPORTED Windows';return}",
        "if([IO.File]::Exists($exe)){Say 'HAVE'}else{",
        "[void][IO.Directory]::CreateDirectory($dir);$new=[IO.Path]::Combine($dir,\"$([Guid]::NewGuid()).new\")",
        "Say \"NEED $digest\";$m=New-Object IO.MemoryStream",
        "while($in.MoveNext() -and $in.Current -is [byte[]]){$m.Write($in.Current,0,$in.Current.Length)};$m.Position=0",
        "if(!(Unpack $m)){throw 'what arrived is not what was sent'}",
        "if($exe -notlike '*.exe'){chmod 755 $new;if($LASTEXITCODE){throw \"cannot make $exe\"}}",
        "try{[IO.File]::Move($new,$exe)}catch{if(![IO.File]::Exists($exe)){throw}}",
        "Say 'READY'}",
        "$s=New-Object Diagnostics.ProcessStartInfo $exe,'serve';$s.UseShellExecute=$false;$s.CreateNoWindow=$true",
        "$s.RedirectStandardInput=$true;$s.RedirectStandardOutput=$true;$s.RedirectStandardError=$true",
        "$s.StandardOutputEncoding=[Text.Encoding]::UTF8;$s.StandardErrorEncoding=[Text.Encoding]::UTF8",
        "$p=[Diagnostics.Process]::Start($s);$words=$p.StandardError.ReadToEndAsync()",
        "$feeder=[PowerShell]::Create().AddScript({param($in,$to)",
        "try{while($in.MoveNext()){$b=[Text.Encoding]::UTF8.GetBytes(\"$($in.Current)`n\");$to.Write($b,0,$b.Length);$to.Flush()}}finally{$to.Close()}",
        "}).AddArgument($in).AddArgument($p.StandardInput.BaseStream);$feeding=$feeder.BeginInvoke()",
        "while($true){$t=$p.StandardOutput.ReadLineAsync();while(!$t.Wait(200)){};if($null -eq $t.Result){break};$t.Result}",
        "$p.WaitForExit();$w=$words.Result -replace '\\s+',' ';if($w.Length -gt 2000){$w=$w.Substring($w.Length-2000)};Say \"EXIT $($p.ExitCode) $w\"",
        "if($feeding.AsyncWaitHandle.WaitOne(5000)){$feeder.Dispose()}",
        "}catch{Say \"FAILED $($_.Exception.Message -replace '\\s+',' ')\"}finally{if($new){[IO.File]::Delete($new)};if($p -and !$p.HasExited){$p.Kill()}}",
    ]);

    /// <summary>Starts the engine on the host; it then waits for its request.</summary>
    /// <exception cref="FleetException">The host cannot be reached or cannot run the engine.</exception>
    public static async Task<IEngineChannel> ConnectAsync(
        IScriptHost scripts, HostAddress host, LocalEngine engine, IEngineObserver? observer, CancellationToken cancellationToken)
    {
        EngineUpload linux = engine.Upload;
        string linuxDigest = await linux.Digest.OrCancelled(cancellationToken).ConfigureAwait(false);
        string windowsDigest = engine.WindowsUpload is { } windows ? await windows.Digest.OrCancelled(cancellationToken).ConfigureAwait(false) : "";
        var channel = new ScriptChannel(await scripts.StartAsync(Script, [linuxDigest, windowsDigest], cancellationToken).ConfigureAwait(false), host);
        bool established = false;
        try
        {
            string answer = await channel.HearAsync(cancellationToken).ConfigureAwait(false);
            if (answer.StartsWith("NEED ", StringComparison.Ordinal))
            {
                EngineUpload upload = answer.Substring(5) == linuxDigest ? linux : engine.WindowsUpload!;
                byte[] program = await upload.Compressed.OrCancelled(cancellationToken).ConfigureAwait(false);
                Send(channel, program, host, observer, cancellationToken);
                answer = await channel.HearAsync(cancellationToken).ConfigureAwait(false);
            }

            established = answer is "HAVE" or "READY";
            return established ? channel : throw Refused(host, answer);
        }
        finally
        {
            if (!established)
            {
                await channel.StopAsync().ConfigureAwait(false);
                channel.Dispose();
            }
        }
    }

    private static void Send(ScriptChannel channel, byte[] program, HostAddress host, IEngineObserver? observer, CancellationToken cancellationToken)
    {
        for (int offset = 0; offset < program.Length; offset += PieceLength)
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] piece = new byte[Math.Min(PieceLength, program.Length - offset)];
            Buffer.BlockCopy(program, offset, piece, 0, piece.Length);
            channel.Send(piece);
            observer?.OnProgress(new ProgressEvent { Activity = $"Installing the engine on {host.Name}", BytesDone = offset + piece.Length, BytesTotal = program.Length });
        }

        channel.Send("END");
    }

    private static FleetException Refused(HostAddress host, string answer) =>
        answer.StartsWith("UNSUPPORTED ", StringComparison.Ordinal)
            ? new FleetException("HostNotSupported", host.Name, $"The host is {answer.Substring(12)}; there is no engine for it here.")
            : new FleetException("EngineInstallFailed", host.Name, $"The engine could not be put on the host: {answer}");
}
