<#
.SYNOPSIS
    Builds, packages, tests and demonstrates ImageFabric.
.DESCRIPTION
    Targets:
      Build      compiles everything (default)
      Engine     makes the engine for Linux and Windows: one file each that needs no .NET
      Package    makes the module in out/module/ImageFabric, and the package of it that a gallery takes beside it
      Test       runs every test, with the packages and servers that they need; the last line says how many passed
      Demo       from a bootable image to running machines, with the cmdlets; where there is no root, as far as it goes
      Benchmark  measures, and writes docs/performance.md
      Clean      removes what was built
      Help       says this
    Build, Engine, Package and Clean work wherever the .NET SDK and PowerShell 7 do; build.sh brings that PowerShell on Linux. Test, Demo and Benchmark need
    a Debian machine, on which they start an S3 store and KVM hosts.
.EXAMPLE
    ./build.ps1 Package
    Makes the module and its package.
.EXAMPLE
    ./build.sh test
    The same targets by their other name, on a machine that has only the .NET SDK.
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Engine', 'Package', 'Test', 'Demo', 'Benchmark', 'Clean', 'Help')]
    [string] $Target = 'Build'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$root = $PSScriptRoot
$out = Join-Path $root 'out'
$platforms = 'linux-x64', 'win-x64'

function Write-Step([string] $Text) {
    Write-Output '' "== $Text"
}

function Invoke-Tool {
    param([string] $Name, [string[]] $ArgumentList)
    & $Name @ArgumentList
    if ($LASTEXITCODE -ne 0) { throw "$Name $($ArgumentList -join ' ') failed with exit code $LASTEXITCODE." }
}

function Build-Solution {
    Write-Step 'Building'
    Invoke-Tool dotnet @('build', (Join-Path $root 'ImageFabric.sln'), '-c', 'Release', '-v', 'quiet', '-nologo')
}

# A Linux host needs a Linux engine, whatever machine the module is used on.
function Publish-Engine([string[]] $Platform = $platforms) {
    foreach ($name in $Platform) {
        Write-Step "Publishing the engine for $name"
        $folder = Join-Path $out "engine/$name"
        Invoke-Tool dotnet @('publish', (Join-Path $root 'src/ImageFabric.Engine'), '-c', 'Release', '-r', $name, '-v', 'quiet', '-nologo', '-o', $folder)
    }
}

function New-ModulePackage {
    [CmdletBinding(SupportsShouldProcess)]
    param()
    if (-not $PSCmdlet.ShouldProcess('out/module/ImageFabric')) { return }
    Publish-Engine
    Write-Step 'Packaging the module into out/module/ImageFabric'
    Invoke-Tool dotnet @('build', (Join-Path $root 'src/ImageFabric.PowerShell'), '-c', 'Release', '-v', 'quiet', '-nologo')
    & (Join-Path $root 'docs/Update-Help.ps1') -OutputPath (Join-Path $out 'help')
    Invoke-Tool dotnet @('run', (Join-Path $root 'src/package.cs'), $root)
}

# What starts servers and hosts is bash; it has this terminal, so that Ctrl+C reaches it.
function Invoke-BashScript([string] $Script, [string[]] $ArgumentList = @()) {
    if ([System.Environment]::OSVersion.Platform -eq 'Win32NT') { throw "This target starts an S3 store and KVM hosts: run it on a Debian machine." }
    & bash (Join-Path $root $Script) @ArgumentList
    exit $LASTEXITCODE
}

trap {
    # The line of this script that noticed is of no use to who runs it.
    [System.Console]::Error.WriteLine("build.ps1 $($Target): $_")
    exit 1
}

switch ($Target) {
    'Build' { Build-Solution }
    'Engine' { Publish-Engine }
    'Package' { New-ModulePackage }
    'Test' { Invoke-BashScript 'tests/run-all.sh' }
    'Demo' { Invoke-BashScript 'tests/testbed/demo.sh' }
    'Benchmark' {
        Publish-Engine linux-x64
        Invoke-BashScript 'tests/Benchmarks/compare.sh' '--runs', '3', '--page', 'docs/performance.md'
    }
    'Clean' {
        Get-ChildItem $out -Exclude tools -ErrorAction Ignore | Remove-Item -Recurse -Force
        Get-ChildItem (Join-Path $root 'src'), (Join-Path $root 'tests') -Directory -Recurse -Depth 2 |
            Where-Object { $_.Name -in 'bin', 'obj' -and (Get-ChildItem $_.Parent.FullName -Filter *.csproj) } |
            Remove-Item -Recurse -Force
    }
    'Help' { Get-Help $PSCommandPath -Full | Out-String -Width 140 }
}
