<#
.SYNOPSIS
A first run against a real Hyper-V host: does what docs/hyper-v.md says, checks it on the host, and reports line by line.
.DESCRIPTION
Needs the module ImageFabric, a registered store with the image, and SSH to the host as an administrator. What it makes has names that begin with ifab-acceptance, and
is removed at the end. Its exit code is the number of lines that do not hold.
.PARAMETER HostName
The host.
.PARAMETER UserName
The login there.
.PARAMETER Image
NAME:VERSION of an image that boots by UEFI and has cloud-init and Hyper-V's integration services, as cloud images of Linux have.
.PARAMETER Network
A virtual switch with DHCP. Without it: the host's Default Switch, or its only one.
.PARAMETER Vlan
A VLAN to put one machine into; that machine is not started.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $HostName,
    [Parameter(Mandatory)] [string] $UserName,
    [Parameter(Mandatory)] [string] $Image,
    [string] $Network,
    [int] $Vlan = 42
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$prefix = 'ifab-acceptance-'
$target = @{ HostName = $HostName; UserName = $UserName }
$plug = if ($Network) { @{ Network = $Network } } else { @{} }
$script:failed = 0

function Test-Line([string] $Line, [scriptblock] $Check) {
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    try {
        $why = & $Check
        $holds = $null -eq $why
    }
    catch {
        $holds = $false
        $why = "$($_.FullyQualifiedErrorId): $($_.Exception.Message)"
    }
    if (-not $holds) {
        $script:failed++
    }
    [pscustomobject]@{ Holds = $holds; Line = $Line; Seconds = [math]::Round($clock.Elapsed.TotalSeconds, 1); Why = $why }
}

# Asks the host itself, past ImageFabric.
function Invoke-OnHost([string] $Script) {
    $encoded = [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes("`$ProgressPreference='SilentlyContinue'; $Script"))
    $config = if ($env:IMAGEFABRIC_SSH_CONFIG) { '-F', $env:IMAGEFABRIC_SSH_CONFIG } else { @() }
    $output = & ssh @config -o BatchMode=yes -l $UserName -- $HostName "powershell.exe -NoProfile -NonInteractive -EncodedCommand $encoded"
    ($output -join "`n").Trim()
}

function Test-Refusal([string] $Id, [scriptblock] $Action) {
    try {
        $null = & $Action
        return "it was not refused"
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike "$Id*") { return "refused with $($_.FullyQualifiedErrorId): $($_.Exception.Message)" }
    }
}

function Assert-Gone([string] $Name) {
    $left = Invoke-OnHost "@(Get-VM | Where-Object Name -eq '$Name').Count; Test-Path (Join-Path `$env:ProgramData 'ImageFabric\vms\$Name')"
    if ($left -ne "0`nFalse") { "left on the host: $left" }
}

try {
    Test-Line 'The host answers, and the engine gets there by itself' {
        $bad = @(Test-VmHost @target | Where-Object Status -eq 'Failed')
        if ($bad) { ($bad | ForEach-Object { "$($_.Check): $($_.Message)" }) -join '; ' }
    }
    Test-Line 'The engine lies under ProgramData, open to SYSTEM, administrators and the login alone' {
        $rules = Invoke-OnHost "(Get-Acl (Join-Path `$env:ProgramData 'ImageFabric\engine')).Access | ForEach-Object { `$_.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value } | Sort-Object -Unique"
        if ($rules -match 'S-1-5-32-545|S-1-1-0') { $rules }
    }
    Test-Line 'An image is synced as a dynamic VHDX that Hyper-V takes' {
        $script:synced = Sync-VmImage $Image @target
        if ($script:synced.Status -eq 'Failed') { return 'the sync failed' }
        $found = Invoke-OnHost "(Get-VHD '$($script:synced.Path)').VhdType; (Test-VHD '$($script:synced.Path)'); (Get-Item '$($script:synced.Path)').IsReadOnly; (Get-Item '$($script:synced.Path)').Attributes -match 'SparseFile'"
        if ($found -ne "Dynamic`nTrue`nTrue`nFalse") { $found }
    }
    Test-Line 'A second sync moves nothing' {
        $again = Sync-VmImage $Image @target
        if ($again.Status -ne 'AlreadyPresent' -or $again.BytesFetched -ne 0) { "$($again.Status), $($again.BytesFetched) bytes" }
    }
    Test-Line 'Every byte on the host is what was published' {
        $test = Test-VmHostImage $Image @target
        if (-not $test.Intact) { $test.Damage }
    }
    Test-Line 'It is synced as a fixed VHDX too' {
        $fixed = Sync-VmImage $Image @target -DiskFormat vhdx-fixed
        $found = Invoke-OnHost "(Get-VHD '$($fixed.Path)').VhdType"
        if ($found -ne 'Fixed') { $found }
    }
    Test-Line 'A linked clone of generation 2 starts, and its address is learnt' {
        $made = New-VmFromImage $Image -Name "${prefix}linked" @target @plug -Cpu 2 -Memory 1GB -MemoryMaximum 2GB -SecureBoot UefiCa -StartAction None -CheckpointType Disabled -UserData "#cloud-config`n" -Start -WaitSeconds 300
        $found = Invoke-OnHost "`$m = Get-VM '${prefix}linked'; `$m.Generation; `$m.State; (Get-VMFirmware `$m).SecureBoot; (Get-VMMemory `$m).DynamicMemoryEnabled; (Get-VHD `$m.HardDrives[0].Path).VhdType"
        if ($found -ne "2`nRunning`nOn`nTrue`nDifferencing") { return $found }
        if (-not $made.Addresses) { 'no address' }
    }
    Test-Line 'A running machine is not removed without -Force, nor the image below it' {
        Test-Refusal 'VmRunning' { Remove-VmFromImage "${prefix}linked" @target -Confirm:$false }
        Test-Refusal 'ImageInUse' { Remove-VmHostImage $Image @target -Confirm:$false }
    }
    Test-Line 'A checkpoint does not hide the image below it' {
        Invoke-OnHost "Set-VM '${prefix}linked' -CheckpointType Standard; Checkpoint-VM '${prefix}linked'"
        Test-Refusal 'ImageInUse' { Remove-VmHostImage $Image @target -Confirm:$false }
    }
    Test-Line 'It is removed by -Force with its checkpoint and all its files' {
        $null = Remove-VmFromImage "${prefix}linked" @target -Force -Confirm:$false
        Assert-Gone "${prefix}linked"
    }
    Test-Line 'A full clone with a TPM, a VLAN and a static address is grown' {
        $size = (Invoke-OnHost "(Get-VHD '$($script:synced.Path)').Size") -as [long]
        $null = New-VmFromImage $Image -Name "${prefix}full" @target @plug -FullClone -DiskSize ($size + 1GB) -Tpm -Vlan $Vlan -MacAddress '00155dfab001' -SecureBoot Windows
        $found = Invoke-OnHost "`$m = Get-VM '${prefix}full'; (Get-VHD `$m.HardDrives[0].Path).Size; (Get-VHD `$m.HardDrives[0].Path).ParentPath; (Get-VMSecurity `$m).TpmEnabled; (Get-VMNetworkAdapterVlan -VM `$m).AccessVlanId; `$m.NetworkAdapters[0].MacAddress"
        if ($found -ne "$($size + 1GB)`n`nTrue`n$Vlan`n00155DFAB001") { $found }
    }
    Test-Line 'Its name is taken, in whatever case' {
        Test-Refusal 'VmExists' { New-VmFromImage $Image -Name "${prefix}FULL" @target @plug }
    }
    Test-Line 'It is removed' {
        $null = Remove-VmFromImage "${prefix}full" @target -Confirm:$false
        Assert-Gone "${prefix}full"
    }
    Test-Line 'A creation that fails in mid-work leaves nothing' {
        Test-Refusal 'NetworkNotFound' { New-VmFromImage $Image -Name "${prefix}fails" @target -Network 'ifab-acceptance: no such switch' }
        Test-Refusal 'HypervisorFailed' { New-VmFromImage $Image -Name "${prefix}fails" @target @plug -Memory 64TB -Start }
        Assert-Gone "${prefix}fails"
    }
    Test-Line 'A machine of generation 1 is made' {
        $null = New-VmFromImage $Image -Name "${prefix}old" @target @plug -Firmware BIOS -BootOrder Dvd, Disk
        $found = Invoke-OnHost "`$m = Get-VM '${prefix}old'; `$m.Generation; (Get-VMBios `$m).StartupOrder[0]; @(Get-VMDvdDrive `$m).Count"
        $null = Remove-VmFromImage "${prefix}old" @target -Confirm:$false
        if ($found -ne "1`nCD`n1") { $found }
    }
    Test-Line 'On ReFS a full clone shares the blocks of its image' {
        $test = Test-VmHost @target | Where-Object Check -eq 'BlockClone'
        $system = Invoke-OnHost "(Get-Volume -FilePath `$env:ProgramData).FileSystem"
        if (($system -eq 'ReFS') -ne ($test.Status -eq 'Passed')) { "$system, but BlockClone: $($test.Status)" }
    }
}
finally {
    foreach ($left in @(Get-VmFromImage "$prefix*" @target -ErrorAction SilentlyContinue)) {
        $null = Remove-VmFromImage $left.Name @target -Force -Confirm:$false
    }
}
exit $script:failed
