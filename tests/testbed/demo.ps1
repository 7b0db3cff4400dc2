# demo.ps1: the part of demo.sh that the cmdlets do. Called by it, with the testbed's environment.
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $ModulePath,
    [Parameter(Mandatory)] [string] $UserDataPath
)

$ErrorActionPreference = 'Stop'
Import-Module $ModulePath
. (Join-Path $PSScriptRoot 'show.ps1')

$image1 = $env:IMAGEFABRIC_TEST_IMAGE_V1
$image2 = $env:IMAGEFABRIC_TEST_IMAGE_V2
$userData = Get-Content -Raw $UserDataPath
$hosts = 'kvm01', 'kvm02', 'kvm03'

Show { Publish-VmImage -Path $image1 -Name tiny -Version 1.0 }
Show { $hosts | Sync-VmImage tiny:1.0 }
Write-Output 'The same again moves nothing:'
Show { $hosts | Sync-VmImage tiny:1.0 }
Show { Publish-VmImage -Path $image2 -Name tiny -Version 1.1 }
Write-Output 'A changed version moves what changed:'
Show { $hosts | Sync-VmImage tiny:1.1 }
Show { Get-VmImage }
Show { 'kvm01', 'kvm02' | ForEach-Object { New-VmFromImage -Image tiny:1.1 -HostName $_ -Name "web-$_" -Cpu 1 -Memory 256MB -UserData $userData -Start -WaitSeconds 120 } }

foreach ($name in 'kvm01', 'kvm02') {
    $machine = Get-VmFromImage -HostName $name -Name "web-$name"
    Write-Output "What the guest on $name said on its serial console:"
    $deadline = [datetime]::UtcNow.AddMinutes(2)
    do {
        $said = ssh -F $env:IMAGEFABRIC_TEST_SSH_CONFIG $name cat $machine.ConsolePath
        if ($said -match 'GUEST-STAY') { break }
        Start-Sleep -Seconds 1
    } while ([datetime]::UtcNow -lt $deadline)
    $said -match '^GUEST(-UP|-SAYS| ip)' | ForEach-Object { "  $($_.Trim())" }
}

Show { 'kvm01', 'kvm02' | ForEach-Object { Get-VmFromImage -HostName $_ } }
'kvm01', 'kvm02' | ForEach-Object { Get-VmFromImage -HostName $_ } | Remove-VmFromImage -Force -Confirm:$false
Write-Output 'The machines are removed.'
