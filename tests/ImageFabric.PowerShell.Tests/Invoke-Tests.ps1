<#
.SYNOPSIS
    Runs the Pester tests of the module that is given, as it ships.
.PARAMETER ModulePath
    The packaged module's folder. By default the one that the build makes.
.PARAMETER Name
    Cmdlets whose tests are run, with wildcards; several also with commas between them, since pwsh -File passes no arrays. By default all.
#>
[CmdletBinding()]
param(
    [string] $ModulePath = (Join-Path $PSScriptRoot '../../out/module/ImageFabric'),

    [SupportsWildcards()]
    [string[]] $Name = '*'
)

$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../../out/pester/Pester.psd1')

$env:IMAGEFABRIC_TEST_MODULE = (Resolve-Path $ModulePath).ProviderPath
$configuration = New-PesterConfiguration
$configuration.Run.Path = @($Name -split ',' | ForEach-Object { Join-Path $PSScriptRoot "$_.Tests.ps1" })
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$result = Invoke-Pester -Configuration $configuration

foreach ($test in $result.Skipped) {
    $why = if ($test.ErrorRecord) { $test.ErrorRecord[0].Exception.Message } else { 'what it needs is not on this machine' }
    "Skipped $($test.ExpandedPath): $why"
}
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
"Pester: $($result.PassedCount) passed, $failed failed, $($result.SkippedCount) skipped"
exit [int]($failed -gt 0)
