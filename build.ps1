<#
.SYNOPSIS
    Builds, packages, tests and demonstrates ImageFabric.
.DESCRIPTION
    The targets are those of build.sh. Build, Engine, Package and Clean work wherever the .NET SDK does; Test, Demo and Benchmark need a Debian
    machine, on which they start an S3 store and KVM hosts.
.EXAMPLE
    ./build.ps1 Package
    Makes the module in out/module/ImageFabric, and the package of it that a gallery takes beside it.
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

function Invoke-Tool {
    param([string] $Name, [string[]] $ArgumentList)
    & $Name @ArgumentList
    if ($LASTEXITCODE -ne 0) { throw "$Name $($ArgumentList -join ' ') failed with exit code $LASTEXITCODE." }
}

function Build-Solution {
    Invoke-Tool dotnet @('build', (Join-Path $root 'ImageFabric.sln'), '-c', 'Release', '-v', 'quiet')
}

# A Linux host needs a Linux engine, whatever machine the module is used on. libzstd, where it could be built, lies beside it.
function Publish-Engine {
    foreach ($platform in 'linux-x64', 'win-x64') {
        $folder = Join-Path $out "engine/$platform"
        Invoke-Tool dotnet @('publish', (Join-Path $root 'src/ImageFabric.Engine'), '-c', 'Release', '-r', $platform, '-v', 'quiet', '-o', $folder)
        $library = Join-Path $out "libzstd/$platform"
        if (Test-Path $library) { Copy-Item (Join-Path $library '*') $folder }
    }
}

# Debian has the tools for it. Elsewhere the engines use the managed port.
function Build-CompressionLibrary {
    if ($onWindows) { return }
    & bash (Join-Path $root 'src/ImageFabric.Disks/Compression/libzstd.sh') (Join-Path $out 'libzstd')
    if ($LASTEXITCODE -notin 0, 3) { throw "libzstd.sh failed with exit code $LASTEXITCODE." }
}

function New-ModulePackage {
    [CmdletBinding(SupportsShouldProcess)]
    param()
    if (-not $PSCmdlet.ShouldProcess('out/module/ImageFabric')) { return }
    Build-CompressionLibrary
    Publish-Engine
    Invoke-Tool dotnet @('build', (Join-Path $root 'src/ImageFabric.PowerShell'), '-c', 'Release', '-v', 'quiet')
    Invoke-Tool dotnet @('run', (Join-Path $root 'src/package.cs'), $root)
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
