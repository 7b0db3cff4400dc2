<#
.SYNOPSIS
    Builds, packages, tests and demonstrates ImageFabric.
.DESCRIPTION
    The targets are those of build.sh. Build, Engine, Package and Clean work wherever the .NET SDK does; Test, Demo and Benchmark need a Debian
    machine, on which they start an S3 store and KVM hosts.
.EXAMPLE
    ./build.ps1 Package
    Makes the module in out/module/ImageFabric.
.EXAMPLE
    ./build.ps1 Test
    Runs every test; the last line says how many passed, failed and were skipped.
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Engine', 'Package', 'Test', 'Demo', 'Benchmark', 'Clean')]
    [string] $Target = 'Build'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = $PSScriptRoot
$out = Join-Path $root 'out'
$onWindows = [System.Environment]::OSVersion.Platform -eq 'Win32NT'
$runtime = if ($onWindows) { 'win-x64' } else { 'linux-x64' }
$program = if ($onWindows) { 'imagefabric.exe' } else { 'imagefabric' }

function Invoke-Tool {
    param([string] $Name, [string[]] $ArgumentList)
    & $Name @ArgumentList
    if ($LASTEXITCODE -ne 0) { throw "$Name $($ArgumentList -join ' ') failed with exit code $LASTEXITCODE." }
}

function Build-Solution {
    Invoke-Tool dotnet @('build', (Join-Path $root 'ImageFabric.sln'), '-c', 'Release', '-v', 'quiet')
}

# A Linux host needs a Linux engine, whatever machine the module is used on.
function Publish-Engine {
    foreach ($rid in @('linux-x64', $runtime) | Select-Object -Unique) {
        Invoke-Tool dotnet @('publish', (Join-Path $root 'src/ImageFabric.Engine'), '-c', 'Release', '-r', $rid, '-v', 'quiet', '-o', (Join-Path $out "engine/$rid"))
    }
}

function New-ModulePackage {
    [CmdletBinding(SupportsShouldProcess)]
    param()
    if (-not $PSCmdlet.ShouldProcess('out/module/ImageFabric')) { return }
    Publish-Engine
    Invoke-Tool dotnet @('build', (Join-Path $root 'src/ImageFabric.PowerShell'), '-c', 'Release', '-v', 'quiet')
    $module = Join-Path $out 'module/ImageFabric'
    if (Test-Path $module) { Remove-Item $module -Recurse -Force }
    $null = New-Item $module -ItemType Directory
    $binaries = Join-Path $root 'src/ImageFabric.PowerShell/bin/Release/netstandard2.0'
    foreach ($assembly in 'PowerShell', 'Fleet', 'Protocol') { Copy-Item (Join-Path $binaries "ImageFabric.$assembly.dll") $module }
    Copy-Item (Join-Path $root 'ImageFabric.psd1') $module
    Copy-Item (Join-Path $root 'src/ImageFabric.PowerShell/module/*') $module -Recurse
    $help = @(Get-ChildItem (Join-Path $root 'docs/en-US/*') -Include '*.xml', '*.help.txt')
    $null = New-Item (Join-Path $module 'en-US') -ItemType Directory
    if ($help) { Copy-Item $help.FullName (Join-Path $module 'en-US') }
    foreach ($rid in @('linux-x64', $runtime) | Select-Object -Unique) {
        $null = New-Item (Join-Path $module "engine/$rid") -ItemType Directory
        $name = if ($rid -eq 'linux-x64') { 'imagefabric' } else { $program }
        Copy-Item (Join-Path $out "engine/$rid/$name") (Join-Path $module "engine/$rid")
    }

    Get-ChildItem $module -Recurse -File | Select-Object Length, FullName
}

function Invoke-BuildScript {
    param([string] $Name)
    if ($onWindows) { throw "The target $Name starts an S3 store and KVM hosts: run it on a Debian machine." }
    Invoke-Tool bash @((Join-Path $root 'build.sh'), $Name)
}

switch ($Target) {
    'Build' { Build-Solution }
    'Engine' { Publish-Engine }
    'Package' { New-ModulePackage }
    'Test' { Invoke-BuildScript test }
    'Demo' { Invoke-BuildScript demo }
    'Benchmark' { Invoke-BuildScript benchmark }
    'Clean' {
        if (Test-Path $out) { Remove-Item $out -Recurse -Force }
        Get-ChildItem (Join-Path $root 'src'), (Join-Path $root 'tests') -Directory |
            ForEach-Object { Get-ChildItem $_.FullName -Directory | Where-Object Name -In 'bin', 'obj' } |
            Remove-Item -Recurse -Force
    }
}
