<#
.SYNOPSIS
A first run against a Hyper-V host: does what docs/hyper-v.md says, looks at the host itself what came of it, and gives out a verdict for each line.
.DESCRIPTION
Needs the module ImageFabric, a store with the image, and the login of an administrator. Everything that the run makes lies in a directory of its own on the host,
and is removed at the end; only the engine stays, as after any other command.

Gives out one object for each line: Check, Status (Passed, Failed, Skipped), Line, Seconds, Message. The exit code is the number of lines that failed.
.PARAMETER HostName
The host, reached by SSH.
.PARAMETER UserName
The login there.
.PARAMETER Port
TCP port of the SSH login.
.PARAMETER KeyFilePath
Private key file of the SSH login.
.PARAMETER Session
A session that leads to the host instead, of any transport.
.PARAMETER Local
This machine is the host.
.PARAMETER Image
NAME:VERSION of an image that boots by UEFI and has cloud-init and Hyper-V's integration services, as cloud images of Linux have.
.PARAMETER Store
The store with the image. Without it: the default store.
.PARAMETER Network
A virtual switch with DHCP. Without it: the host's Default Switch, or its only one.
.PARAMETER Vlan
A VLAN to put one machine into; that machine is not started.
.PARAMETER Parent
Directory on the host in which the run makes its own, ifab-acceptance. Without it: %ProgramData%. Name one on ReFS to see blocks shared.
.PARAMETER WaitSeconds
How long a guest may take until it tells its address.
.PARAMETER ChangeShell
Has OpenSSH on the host take the other default shell for one command, and puts back what was set.
.PARAMETER Check
Names of checks to make, with wildcards; those that they need are made too. Without it: all.
.EXAMPLE
./tests/HyperV.Acceptance.ps1 -HostName hv01 -UserName Administrator -Image ubuntu-server:24.04.3 | Format-Table -Wrap
.EXAMPLE
./tests/HyperV.Acceptance.ps1 -Session (New-PSSession hv01) -Image ubuntu-server:24.04.3 -Parent R:\ -Check BlockClone
#>
[CmdletBinding(DefaultParameterSetName = 'SSH')]
[OutputType('ImageFabric.AcceptanceLine')]
[Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', '', Justification = 'The lines use them, which are script blocks.')]
param(
    [Parameter(Mandatory, ParameterSetName = 'SSH')] [string] $HostName,
    [Parameter(ParameterSetName = 'SSH')] [string] $UserName,
    [Parameter(ParameterSetName = 'SSH')] [int] $Port,
    [Parameter(ParameterSetName = 'SSH')] [string] $KeyFilePath,
    [Parameter(Mandatory, ParameterSetName = 'Session')] [System.Management.Automation.Runspaces.PSSession] $Session,
    [Parameter(Mandatory, ParameterSetName = 'Local')] [switch] $Local,
    [Parameter(Mandatory)] [string] $Image,
    [string] $Store,
    [string] $Network,
    [ValidateRange(1, 4094)] [int] $Vlan = 42,
    [string] $Parent,
    [ValidateRange(0, 3600)] [int] $WaitSeconds = 300,
    [Parameter(ParameterSetName = 'SSH')] [switch] $ChangeShell,
    [SupportsWildcards()] [string[]] $Check = '*'
)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = 'ifab-acceptance'
$run = @{ standIn = $false; linked = "$name-linked"; full = "$name-full"; old = "$name-old"; ended = "$name-ended" }

# ---- the way to the host
$target = switch ($PSCmdlet.ParameterSetName) {
    'Session' { @{ Session = $Session } }
    'Local' { @{ HostName = 'localhost' } }
    'SSH' { @{ HostName = $HostName } }
}
'UserName', 'Port', 'KeyFilePath' | Where-Object { $PSBoundParameters.ContainsKey($_) } | ForEach-Object { $target[$_] = $PSBoundParameters[$_] }
$where = @{}
$from = if ($Store) { @{ Store = $Store } } else { @{} }
$plug = if ($Network) { @{ Network = $Network } } else { @{} }
$ssh = @(
    if ($env:IMAGEFABRIC_SSH_CONFIG) { '-F', $env:IMAGEFABRIC_SSH_CONFIG }
    if ($UserName) { '-l', $UserName }
    if ($Port) { '-p', $Port }
    if ($KeyFilePath) { '-i', $KeyFilePath }
    '-o', 'BatchMode=yes', '--', $HostName
)

# Asks the host itself, past ImageFabric. Values travel as JSON beside the script; the answer is one object.
function Invoke-OnHost([string] $Script, [hashtable] $With = @{}) {
    $question = Get-Question $Script $With
    $said = if ($Session) { Invoke-Command -Session $Session -ScriptBlock ([scriptblock]::Create($question)) }
    elseif ($Local) { & $env:ComSpec /c (Get-CommandLine $question) }
    else { & ssh $ssh (Get-CommandLine $question) }
    Read-Answer $said
}

function Get-Question([string] $Script, [hashtable] $With) {
    $values = [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $With -Compress)))
    "`$ErrorActionPreference='Stop';`$ProgressPreference='SilentlyContinue'
`$with=ConvertFrom-Json ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('$values')))
try{`$answer=@{value=&{$Script}}}catch{`$answer=@{fault=`$_.Exception.Message}}
'ANSWER '+(ConvertTo-Json `$answer -Depth 5 -Compress)"
}

function Get-CommandLine([string] $Script) {
    'powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand ' + [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($Script))
}

function Read-Answer([object[]] $Said) {
    $text = @($Said | ForEach-Object { "$_" } | Where-Object { $_ -like 'ANSWER *' }) | Select-Object -Last 1
    if (-not $text) { throw "the host gave no answer: $Said" }
    $answer = ConvertFrom-Json $text.Substring(7)
    if ($answer.PSObject.Properties['fault']) { throw "the host says: $($answer.fault)" }
    $answer.value
}

# What the host knows of a machine.
$facts = @'
$m=Get-VM -Name $with.name;$d=@(Get-VMHardDiskDrive -VM $m)[0].Path;$v=Get-VHD -Path $d;$n=@(Get-VMNetworkAdapter -VM $m)[0];$i=@(Get-VMDvdDrive -VM $m)
$f=[IO.File]::OpenRead($i[0].Path);try{$b=New-Object byte[] 32;$f.Position=32808;[void]$f.Read($b,0,32)}finally{$f.Close()}
$r=@{generation=$m.Generation;state="$($m.State)";cpu=$m.ProcessorCount;memory=$m.MemoryStartup;dynamic=$m.DynamicMemoryEnabled;least=$m.MemoryMinimum;most=$m.MemoryMaximum
start="$($m.AutomaticStartAction)";checkpoints="$($m.CheckpointType)";automatic=$m.AutomaticCheckpointsEnabled;notes=$m.Notes;disk=$d;type="$($v.VhdType)";parent=$v.ParentPath;size=$v.Size
dvds=$i.Count;dvd=$i[0].Path;label=[Text.Encoding]::ASCII.GetString($b).Trim();switch=$n.SwitchName;mac=$n.MacAddress;vlan=$n.VlanSetting.AccessVlanId}
if($m.Generation -eq 2){$w=Get-VMFirmware -VM $m;$r.secure="$($w.SecureBoot)";$r.template=$w.SecureBootTemplate;$r.boot=@($w.BootOrder|%{$_.Device.GetType().Name}) -join ' '
$r.tpm=(Get-VMSecurity -VM $m).TpmEnabled}else{$r.boot=@((Get-VMBios -VM $m).StartupOrder) -join ' '}
$r
'@

# Ends the engine that comes to the host next, as soon as there is such a file. What it says first is that it watches.
$killer = @'
$old=@(Get-Process imagefabric -ErrorAction SilentlyContinue|%{$_.Id});[Console]::WriteLine('WATCHING');$clock=[Diagnostics.Stopwatch]::StartNew()
while($clock.Elapsed.TotalSeconds -lt 180){if(Test-Path $with.path){$new=@(Get-Process imagefabric -ErrorAction SilentlyContinue|?{$old -notcontains $_.Id})
if($new){$new|Stop-Process -Force;return $new.Count}};Start-Sleep -Milliseconds 5}
0
'@

# Does the work while the engine is ended in its midst.
function Invoke-Killed([string] $Path, [scriptblock] $Work) {
    if ($Session) { Skip-Line 'a session does one thing at a time; run it over SSH' }
    $watch = [powershell]::Create()
    try {
        $null = $watch.AddScript('param($program,$arguments) & $program $arguments').AddArgument($(if ($Local) { $env:ComSpec } else { 'ssh' }))
        $null = $watch.AddArgument(@(if ($Local) { '/c' } else { $ssh }) + (Get-CommandLine (Get-Question $killer @{ path = $Path })))
        $nothing = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
        $nothing.Complete()
        $said = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
        $watching = $watch.BeginInvoke($nothing, $said)
        while (-not $watching.IsCompleted -and $said.Count -eq 0) { Start-Sleep -Milliseconds 50 }
        $null = & $Work
        $watch.EndInvoke($watching)
        if ((Read-Answer @($said)) -eq 0) { throw 'the engine was done before it was ended' }
    }
    finally {
        $watch.Dispose()
    }
}

# ---- how a line is judged
class LineSkipped : System.Exception {
    LineSkipped([string] $why) : base($why) { }
}

function Skip-Line([string] $Why) { throw [LineSkipped]::new($Why) }

function Skip-OnStandIn([string] $Why) { if ($run.standIn) { Skip-Line "the stand-in for Hyper-V cannot show it: $Why" } }

function Confirm-Fact($Found, [System.Collections.IDictionary] $Expected) {
    $wrong = foreach ($name in $Expected.Keys) {
        if ("$($Found.$name)" -ne "$($Expected[$name])") { "$name is '$($Found.$name)', not '$($Expected[$name])'" }
    }
    if ($wrong) { throw ($wrong -join '; ') }
}

function Confirm-Refusal([string[]] $Id, [scriptblock] $Action) {
    $said = & { $ErrorActionPreference = 'Continue'; try { & $Action } catch { $_ } } 2>&1
    $found = @($said | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } | ForEach-Object { $_.FullyQualifiedErrorId -replace ',.*' }) | Sort-Object
    if ("$found" -ne "$($Id | Sort-Object)") { throw "refused with '$found', not with '$($Id | Sort-Object)'" }
}

function Confirm-Gone([string] $Name) {
    $found = Invoke-OnHost '@{machines=@(Get-VM|?{$_.Name -eq $with.name}).Count;files=Test-Path $with.files}' @{ name = $Name; files = "$($run.directory)\vms\$Name" }
    Confirm-Fact $found @{ machines = 0; files = $false }
}

function Clear-Run {
    Get-VmFromImage "$name-*" @target @where | Remove-VmFromImage -Force -Confirm:$false
    Get-VmHostImage @target @where | Sort-Object Image -Unique | Remove-VmHostImage -Confirm:$false
}

# ---- the lines
$lines = @(
    @{ Check = 'Reach'; Line = 'The host answers, over SSH by its default shell'; Do = {
            $shell = if ($Session) { 'a session' } elseif ($Local) { 'this machine' }
            elseif ("$(& ssh $ssh 'echo %ComSpec%')" -like '*cmd.exe*') { 'cmd' } else { 'PowerShell' }
            $found = Invoke-OnHost '@{data=$env:ProgramData;version="$($PSVersionTable.PSVersion)";standIn=@(Get-Module Hyper-V -ListAvailable|?{$_.Description -like "A stand-in*"}).Count -gt 0}'
            if (-not $found.data) { throw 'it is no Windows host' }
            $run.standIn = $found.standIn
            $run.shell = $shell
            $run.directory = ($(if ($Parent) { $Parent } else { $found.data }).TrimEnd('\') + "\$name")
            $where.ImageDirectory = $run.directory
            "by $shell; PowerShell $($found.version)"
        }
    }
    @{ Check = 'Hypervisor'; Needs = 'Reach'; Line = 'Hyper-V answers, and has a switch'; Do = {
            $tested = @(Test-VmHost @target @where)
            $bad = @($tested | Where-Object Status -eq 'Failed')
            if ($bad) { throw (($bad | ForEach-Object { "$($_.Check): $($_.Message)" }) -join '; ') }
            Clear-Run
            $run.blockClone = ($tested | Where-Object Check -eq 'BlockClone').Status
            ($tested | Where-Object Check -eq 'Hypervisor').Message
        }
    }
    @{ Check = 'OtherShell'; Needs = 'Hypervisor'; Line = 'The host is reached by the other default shell of OpenSSH too'; Do = {
            if ($Session -or $Local) { Skip-Line 'it is not reached over SSH' }
            Skip-OnStandIn 'its shell is chosen when it starts'
            if (-not $ChangeShell) { Skip-Line 'the default shell is changed by -ChangeShell only' }
            $key = 'HKLM:\SOFTWARE\OpenSSH'
            $other = if ($run.shell -eq 'cmd') { 'System32\WindowsPowerShell\v1.0\powershell.exe' } else { 'System32\cmd.exe' }
            $before = Invoke-OnHost '$b=@{was=(Get-ItemProperty $with.key).PSObject.Properties["DefaultShell"]};$b.was=if($b.was){$b.was.Value};Set-ItemProperty $with.key DefaultShell (Join-Path $env:SystemRoot $with.other);$b' @{ key = $key; other = $other }
            try {
                $null = @(Get-VmHostImage @target @where)
            }
            finally {
                $null = Invoke-OnHost 'if($with.was){Set-ItemProperty $with.key DefaultShell $with.was}else{Remove-ItemProperty $with.key DefaultShell}' @{ key = $key; was = $before.was }
            }
            $other
        }
    }
    @{ Check = 'Engine'; Needs = 'Hypervisor'; Line = 'The engine lies under ProgramData by its digest'; Do = {
            $found = Invoke-OnHost '@{engines=@(Get-ChildItem "$env:ProgramData\ImageFabric\engine\*\imagefabric.exe"|%{@{name=$_.Directory.Name;hash=(Get-FileHash $_.FullName).Hash}})}'
            if (-not $found.engines) { throw 'there is no engine' }
            $found.engines | ForEach-Object { Confirm-Fact $_ @{ hash = $_.name } }
            "$(@($found.engines).Count) on the host"
        }
    }
    @{ Check = 'Access'; Needs = 'Engine'; Line = 'The engine is open to SYSTEM, administrators and the login alone'; Do = {
            Skip-OnStandIn 'Wine keeps no access lists'
            $found = Invoke-OnHost '@{open=@((Get-Acl "$env:ProgramData\ImageFabric\engine").Access|%{$_.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value}|?{$_ -in "S-1-1-0","S-1-5-11","S-1-5-32-545"})}'
            if ($found.open) { throw "open to $($found.open)" }
        }
    }
    @{ Check = 'Kill'; Needs = 'Hypervisor'; Line = 'A sync whose engine is ended is no sync, and the next one goes on'; Do = {
            Invoke-Killed "$($run.directory)\partial\*" { $run.cut = Sync-VmImage $Image @target @where @from -ErrorAction SilentlyContinue }
            Confirm-Fact $run.cut @{ Status = 'Failed' }
            $next = Sync-VmImage $Image @target @where @from
            Confirm-Fact $next @{ Status = 'Synced' }
            "$($next.BytesReused) bytes were there, $($next.BytesFetched) were fetched"
        }
    }
    @{ Check = 'Dynamic'; Needs = 'Hypervisor'; Line = 'An image is synced as a dynamic VHDX that Hyper-V takes, read-only and not sparse; a second sync moves nothing'; Do = {
            $first = Sync-VmImage $Image @target @where @from
            $again = Sync-VmImage $Image @target @where @from
            Confirm-Fact $again @{ Status = 'AlreadyPresent'; BytesFetched = 0; Path = $first.Path }
            $found = Invoke-OnHost '$v=Get-VHD $with.path;$f=Get-Item $with.path;@{type="$($v.VhdType)";size=$v.Size;whole=Test-VHD $with.path;readOnly=$f.IsReadOnly;sparse="$($f.Attributes)" -match "Sparse"}' @{ path = $first.Path }
            Confirm-Fact $found @{ type = 'Dynamic'; whole = $true; readOnly = $true; sparse = $false }
            $run.base = $first.Path
            $run.size = $found.size
            $tested = Test-VmHostImage $Image @target @where
            if (-not $tested.Intact) { throw "damaged: $($tested.Damage)" }
            "$($tested.ChunksVerified) chunks are what was published"
        }
    }
    @{ Check = 'BlockClone'; Needs = 'Dynamic'; Line = 'Blocks are shared on ReFS, and copied elsewhere'; Do = {
            Skip-OnStandIn 'no volume of it is NTFS or ReFS'
            $room = '$v=Get-Volume -FilePath $with.directory;@{system=$v.FileSystem;free=$v.SizeRemaining;length=(Get-Item $with.base).Length}'
            $with = @{ directory = $run.directory; base = $run.base }
            $before = Invoke-OnHost $room $with
            Confirm-Fact @{ blockClone = $run.blockClone } @{ blockClone = if ($before.system -eq 'ReFS') { 'Passed' } else { 'Warning' } }
            if ($before.system -eq 'ReFS') {
                $null = New-VmFromImage $Image "$name-shared" @target @where @from @plug -FullClone
                $taken = $before.free - (Invoke-OnHost $room $with).free
                $null = Remove-VmFromImage "$name-shared" @target @where -Confirm:$false
                if ($taken -gt $before.length / 2) { throw "a whole copy of $($before.length) bytes took $taken on the volume" }
            }
            $before.system
        }
    }
    @{ Check = 'Linked'; Needs = 'Dynamic'; Line = 'A linked clone of generation 2 with dynamic memory, the UEFI CA''s template, a seed and no automatic start is started'; Do = {
            $made = New-VmFromImage $Image $run.linked @target @where @from @plug -Firmware UEFI -Cpu 2 -Memory 1GB -MemoryMinimum 512MB -MemoryMaximum 2GB -SecureBoot UefiCa `
                -StartAction None -CheckpointType Standard -BootOrder Disk, Network -UserData "#cloud-config`n" -Start -WaitSeconds $WaitSeconds
            $run.made = $made
            $found = Invoke-OnHost $facts @{ name = $run.linked }
            Confirm-Fact $found ([ordered]@{
                    generation = 2; state = 'Running'; cpu = 2; memory = 1GB; dynamic = $true; least = 512MB; most = 2GB; start = 'Nothing'; checkpoints = 'Standard'; automatic = $false
                    type = 'Differencing'; parent = $run.base; secure = 'On'; template = 'MicrosoftUEFICertificateAuthority'; tpm = $false
                    boot = 'HardDiskDrive VMNetworkAdapter'; dvds = 1; dvd = "$($run.directory)\vms\$($run.linked)\seed.iso"; label = 'cidata'
                })
            if ($found.notes -notlike "*imagefabric:*$($made.ImageId)*") { throw "the notes do not say whose it is: $($found.notes)" }
        }
    }
    @{ Check = 'Address'; Needs = 'Linked'; Line = 'Its guest tells an address by the integration services'; Do = {
            if (-not $run.made.Addresses) {
                Skip-OnStandIn 'no guest runs'
                throw "no address within $WaitSeconds s"
            }
            "$($run.made.Addresses)"
        }
    }
    @{ Check = 'Chain'; Needs = 'Linked'; Line = 'With a checkpoint over it the image is in use still, and listed so; the machine is listed, and not removed without -Force'; Do = {
            $null = Invoke-OnHost 'Checkpoint-VM -VM (Get-VM -Name $with.name)' @{ name = $run.linked }
            Confirm-Refusal 'ImageInUse' { Remove-VmHostImage $Image @target @where -Confirm:$false }
            Confirm-Refusal 'VmRunning' { Remove-VmFromImage $run.linked @target @where -Confirm:$false }
            $used = @(Get-VmHostImage $Image @target @where | Where-Object Path -eq $run.base)
            Confirm-Fact @{ usedBy = "$($used.UsedBy)" } @{ usedBy = $run.linked }
            Confirm-Fact (Get-VmFromImage $run.linked @target @where) @{ State = 'Running'; Image = $Image; Cpu = 2; LinkedClone = $true; Id = $run.made.Id }
        }
    }
    @{ Check = 'Remove'; Needs = 'Chain'; Line = 'It is removed by -Force with its checkpoint and all its files'; Do = {
            $null = Remove-VmFromImage $run.linked @target @where -Force -Confirm:$false
            Confirm-Gone $run.linked
        }
    }
    @{ Check = 'Full'; Needs = 'Dynamic'; Line = 'A full clone with static memory, the template of Windows, a TPM, a VLAN, an address of its own and an answer file is grown'; Do = {
            $null = New-VmFromImage $Image $run.full @target @where @from @plug -Firmware UEFI -FullClone -DiskSize ($run.size + 1GB) -Memory 513MB -Tpm -Vlan $Vlan -MacAddress '00:15:5d:fa:b0:01' `
                -SecureBoot Windows -StartAction Start -CheckpointType Production -BootOrder Dvd, Disk -Unattend '<unattend xmlns="urn:schemas-microsoft-com:unattend"/>'
            Confirm-Fact (Invoke-OnHost $facts @{ name = $run.full }) ([ordered]@{
                    generation = 2; state = 'Off'; memory = 514MB; dynamic = $false; start = 'Start'; checkpoints = 'Production'; parent = ''; size = $run.size + 1GB; secure = 'On'
                    template = 'MicrosoftWindows'; tpm = $true; vlan = $Vlan; mac = '00155DFAB001'; boot = 'DvdDrive HardDiskDrive'; label = 'unattend'
                })
        }
    }
    @{ Check = 'Refusals'; Needs = 'Full'; Line = 'What cannot be is refused with the ids of KVM, and leaves nothing'; Do = {
            Confirm-Refusal 'VmExists', 'InvalidRequest', 'NetworkNotFound', 'HypervisorFailed', 'VmOptionNotSupported' {
                [pscustomobject]@{ Name = $run.full.ToUpperInvariant() }, [pscustomobject]@{ Name = 'con' }, [pscustomobject]@{ Name = "$name-large"; Memory = 64TB },
                [pscustomobject]@{ Name = "$name-none"; Network = "$name, which is no switch" }, [pscustomobject]@{ Name = "$name-bios"; Firmware = 'BIOS'; SecureBoot = 'Windows' } |
                    New-VmFromImage -Image $Image @target @where @from -Start -WaitSeconds 0
            }
            $found = Invoke-OnHost '@{machines=@(Get-VM|?{$_.Name -like "$($with.name)-*"}|%{$_.Name}) -join " ";files=@(Get-ChildItem $with.directory|%{$_.Name}) -join " "}' @{ name = $name; directory = "$($run.directory)\vms" }
            Confirm-Fact $found @{ machines = $run.full; files = $run.full }
        }
    }
    @{ Check = 'Generation1'; Needs = 'Dynamic'; Line = 'A machine of generation 1 without a network card boots from its DVD first'; Do = {
            $null = New-VmFromImage $Image $run.old @target @where @from -Network none -Firmware BIOS -BootOrder Dvd, Disk
            Confirm-Fact (Invoke-OnHost $facts @{ name = $run.old }) ([ordered]@{ generation = 1; boot = 'CD IDE LegacyNetworkAdapter Floppy'; dvds = 1; label = 'cidata'; switch = ''; type = 'Differencing' })
        }
    }
    @{ Check = 'Fixed'; Needs = 'Dynamic'; Line = 'It is synced as a fixed VHDX, from what the host has'; Do = {
            $fixed = Sync-VmImage $Image @target @where @from -DiskFormat vhdx-fixed
            Confirm-Fact (Invoke-OnHost '@{type="$((Get-VHD $with.path).VhdType)";whole=Test-VHD $with.path}' @{ path = $fixed.Path }) @{ type = 'Fixed'; whole = $true }
            "$($fixed.BytesReused) bytes were there, $($fixed.BytesFetched) were fetched"
        }
    }
    @{ Check = 'KillMachine'; Needs = 'Dynamic'; Line = 'A machine whose making is ended is removed by its name, and made'; Do = {
            Invoke-Killed "$($run.directory)\vms\$($run.ended)\disk.vhdx" { New-VmFromImage $Image $run.ended @target @where @from @plug -FullClone -ErrorAction SilentlyContinue }
            # What Hyper-V has begun it does without the engine.
            Start-Sleep -Seconds 10
            $null = Remove-VmFromImage $run.ended @target @where -Force -Confirm:$false
            Confirm-Gone $run.ended
            Confirm-Fact (New-VmFromImage $Image $run.ended @target @where @from @plug) @{ Name = $run.ended; State = 'Off'; LinkedClone = $true }
        }
    }
    @{ Check = 'Clean'; Needs = 'Hypervisor'; Always = $true; Line = 'All that the run made is removed by the cmdlets that made it'; Do = {
            Clear-Run
            $found = Invoke-OnHost '@{machines=@(Get-VM|?{$_.Name -like "$($with.name)-*"}).Count;disks=@(Get-ChildItem $with.directory -Recurse|?{$_.Extension -in ".vhdx",".avhdx",".iso"}).Count}' @{ name = $name; directory = $run.directory }
            Confirm-Fact $found @{ machines = 0; disks = 0 }
            $null = Invoke-OnHost 'Remove-Item -LiteralPath $with.directory -Recurse -Force' @{ directory = $run.directory }
        }
    }
)

# ---- the run
$wanted = @{}
function Add-Wanted([hashtable] $Line) {
    $wanted[$Line.Check] = $true
    if ($Line['Needs']) { $lines | Where-Object { $_.Check -eq $Line.Needs } | ForEach-Object { Add-Wanted $_ } }
}
$lines | Where-Object { $candidate = $_; $_['Always'] -or @($Check | Where-Object { $candidate.Check -like $_ }) } | ForEach-Object { Add-Wanted $_ }

$status = @{}
try {
    foreach ($line in $lines | Where-Object { $wanted[$_.Check] }) {
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        try {
            if ($line['Needs'] -and $status[$line.Needs] -ne 'Passed') { Skip-Line "it needs $($line.Needs), which did not pass" }
            $message = "$(& $line.Do)"
            $status[$line.Check] = 'Passed'
        }
        catch {
            $message = $_.Exception.Message
            $status[$line.Check] = if ($_.Exception -is [LineSkipped]) { 'Skipped' } else { 'Failed' }
        }
        [pscustomobject]@{
            PSTypeName = 'ImageFabric.AcceptanceLine'; Check = $line.Check; Status = $status[$line.Check]; Line = $line.Line
            Seconds = [math]::Round($clock.Elapsed.TotalSeconds, 1); Message = $message
        }
    }
}
finally {
    # Somebody stopped it.
    if ($run['directory'] -and -not $status['Clean']) { Clear-Run }
}
exit @($status.Values | Where-Object { $_ -eq 'Failed' }).Count
