using System;
using System.Collections.Generic;
using System.Text;

namespace ImageFabric.Fleet;

/// <summary>
/// What <see cref="HostBootstrap"/> has a Windows host run: a fixed script for Windows PowerShell 5.1 that finds the engine by its digest, asks for it
/// when it is not there, verifies it, and starts it. See <c>docs/design/engine-protocol.md</c>, "Getting onto a Windows host".
/// </summary>
internal static class WindowsBootstrap
{
    /// <summary>Unpacks the engine from the stream <c>$s</c> to <c>$new</c>; true when it is the one that <c>$digest</c> names.</summary>
    public static readonly IReadOnlyList<string> Unpack =
    [
        "function Unpack($s){$z=New-Object IO.Compression.GZipStream $s,([IO.Compression.CompressionMode]::Decompress);$f=[IO.File]::Open($new,'Create','ReadWrite')",
        "try{$z.CopyTo($f);$f.Flush($true);$f.Position=0;$h=New-Object Security.Cryptography.SHA256CryptoServiceProvider",
        "[BitConverter]::ToString($h.ComputeHash($f)).Replace('-','') -eq $digest}finally{$f.Dispose();$z.Dispose()}}",
    ];

    /// <summary>Where the engine lies: sets <c>$dir</c> and <c>$exe</c>.</summary>
    public static readonly IReadOnlyList<string> FindProgram =
    [
        "$cpu=$env:PROCESSOR_ARCHITEW6432;if(!$cpu){$cpu=$env:PROCESSOR_ARCHITECTURE}",
        "if($cpu -ne 'AMD64'){Say \"UNSUPPORTED Windows $cpu\";exit 1}",
        "$me=[Security.Principal.WindowsIdentity]::GetCurrent();$mine=$env:LOCALAPPDATA",
        "if((New-Object Security.Principal.WindowsPrincipal $me).IsInRole([Security.Principal.WindowsBuiltInRole]'Administrator')){$mine=$env:ProgramData}",
        "$top=$root=$env:IMAGEFABRIC_ENGINE_DIRECTORY;if(!$root){$top=\"$mine\\ImageFabric\";$root=\"$top\\engine\"}",
        // Everybody may make directories under ProgramData: what we run must be ours, and so must be what it lies in.
        "foreach($d in $top,$root){if(![IO.Directory]::Exists($d)){[void][IO.Directory]::CreateDirectory($d);$acl=Get-Acl -LiteralPath $d",
        "$acl.SetSecurityDescriptorSddlForm(\"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;$($me.User))\");Set-Acl -LiteralPath $d -AclObject $acl}",
        "$owner=(Get-Acl -LiteralPath $d).GetOwner([Security.Principal.SecurityIdentifier]).Value",
        "if('S-1-5-18','S-1-5-32-544',$me.User.Value -notcontains $owner){throw \"$d belongs to $owner\"}}",
        "$dir=\"$root\\$digest\";$exe=\"$dir\\imagefabric.exe\"",
    ];

    /// <summary>
    /// The script. <c>$digest</c> is set in front of it. PowerShell leaves standard input alone as long as a script does not name its automatic
    /// variable for it, so every byte reaches this script and then the engine. As one command line it has to stay below the 8,191 characters of cmd.
    /// </summary>
    public static readonly IReadOnlyList<string> Script =
    [
        "$ErrorActionPreference='Stop'; $ProgressPreference='SilentlyContinue'",
        "$stdin=[Console]::OpenStandardInput(); $new=$null; $have=$null",
        "function Say($s){[Console]::Out.Write(\"`nIMAGEFABRIC $s`n\");[Console]::Out.Flush()}",
        "function Hear{$s='';while(($b=$stdin.ReadByte()) -ne 10){if($b -lt 0){exit 1};if($b -gt 32 -and $b -lt 127){$s+=[char]$b}};$s}",
        .. Unpack,
        "try{",
        .. FindProgram,
        "if([IO.File]::Exists($exe)){$have='HAVE'}else{[void][IO.Directory]::CreateDirectory($dir)",
        "[IO.Directory]::GetFiles($dir,'*.new')|?{[IO.File]::GetLastWriteTime($_) -lt [DateTime]::Now.AddHours(-1)}|%{[IO.File]::Delete($_)}",
        "$new=\"$dir\\$([Guid]::NewGuid()).new\"}",
        "[Net.ServicePointManager]::SecurityProtocol=3072;$tool=' web'",
        "while(!$have){Say \"NEED$tool\";$a=Hear;if($a -eq 'AGAIN'){if([IO.File]::Exists($exe)){$have='HAVE'}}elseif($a -match '^[hf]'){$tool=''",
        "try{$q=[Net.WebRequest]::Create($a);$q.Timeout=15000;if(Unpack $q.GetResponse().GetResponseStream()){$have='READY'}}catch{}}else{",
        "$n=[int]$a;$b=New-Object byte[] $n;$at=0;while($at -lt $n){$r=$stdin.Read($b,$at,$n-$at);if($r -lt 1){exit 1};$at+=$r}",
        "if(!(Unpack (New-Object IO.MemoryStream (,$b)))){throw 'what arrived is not what was sent'};$have='READY'}}",
        "if($new -and $have -eq 'READY'){try{[IO.File]::Move($new,$exe)}catch{if(![IO.File]::Exists($exe)){throw}}}",
        "Say $have",
        "}catch{Say \"FAILED $($_.Exception.Message -replace '\\s+',' ')\";exit 1}finally{if($new){[IO.File]::Delete($new)}}",
        "$p=New-Object Diagnostics.ProcessStartInfo $exe,'serve';$p.UseShellExecute=$false;$p=[Diagnostics.Process]::Start($p);$p.WaitForExit();exit $p.ExitCode",
    ];

    /// <summary>
    /// What the user's shell on the host is to run: the same to cmd, to PowerShell and to a POSIX shell, since it holds nothing that any of them takes
    /// for anything else.
    /// </summary>
    public static string Command(string digest)
    {
        string script = $"$digest='{digest}'\n{string.Join("\n", Script)}";
        return "powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand "
            + Convert.ToBase64String(Encoding.Unicode.GetBytes(script));
    }
}
