# demo-local.ps1: what of the demo needs neither root nor packages: a directory store and this machine as host. Called by demo.sh.
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $ModulePath,
    [Parameter(Mandatory)] [string] $Directory
)

$ErrorActionPreference = 'Stop'
Import-Module $ModulePath
. (Join-Path $PSScriptRoot 'show.ps1')

# A disk with a partition table and content that compresses as usual; the next version differs in one place.
function New-Disk([string] $Path, [int] $Version) {
    $disk = [byte[]]::new(64MB)
    [System.Random]::new(1).NextBytes([System.Span[byte]]::new($disk, 1MB, 8MB))
    $disk[446 + 4], $disk[510], $disk[511] = 0x83, 0x55, 0xAA
    [System.BitConverter]::GetBytes([uint32] 2048).CopyTo($disk, 446 + 8)
    [System.BitConverter]::GetBytes([uint32] (63MB / 512)).CopyTo($disk, 446 + 12)
    [System.Text.Encoding]::UTF8.GetBytes("version $Version").CopyTo($disk, 2MB)
    [System.IO.File]::WriteAllBytes($Path, $disk)
}

$image1 = Join-Path $Directory 'app-1.0.raw'
$image2 = Join-Path $Directory 'app-1.1.raw'
$env:IMAGEFABRIC_STORE = Join-Path $Directory 'store'
$images = Join-Path $Directory 'images'
New-Disk $image1 1
New-Disk $image2 2

Show { Test-VmImage $image1 }
Show { Publish-VmImage -Path $image1 -Name app -Version 1.0 }
Show { Sync-VmImage app:1.0 -ImageDirectory $images }
Write-Output 'The same again moves nothing:'
Show { Sync-VmImage app:1.0 -ImageDirectory $images }
Show { Publish-VmImage -Path $image2 -Name app -Version 1.1 }
Write-Output 'A changed version moves what changed:'
Show { Sync-VmImage app:1.1 -ImageDirectory $images }
Show { Get-VmImage }
Show { Get-VmHostImage -ImageDirectory $images }
Show { Test-VmHostImage app:1.1 -ImageDirectory $images }
