# What the tests of the DSC resources share: to call the classes as PowerShell DSC does, and to run the commands of the manifests as DSC 3 does.

$DscModule = Join-Path (Split-Path $env:IMAGEFABRIC_TEST_MODULE) 'ImageFabric.Dsc'

function Save-Environment {
    <# .SYNOPSIS
        The variables that the tests of the resources set. #>
    $variables = @{}
    'IMAGEFABRIC_ENGINE', 'IMAGEFABRIC_STORE', 'IMAGEFABRIC_ENDPOINT', 'IMAGEFABRIC_SSH_CONFIG', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'PSModulePath' |
        ForEach-Object { $variables[$_] = [Environment]::GetEnvironmentVariable($_) }
    $variables
}

function Restore-Environment([hashtable] $Variable) {
    $Variable.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $Variable[$_]) }
}

function Initialize-Dsc {
    <# .SYNOPSIS
        Loads the resources as DSC does: by name, from a module path that has both modules. #>
    $env:PSModulePath = (Split-Path $env:IMAGEFABRIC_TEST_MODULE) + [System.IO.Path]::PathSeparator + $env:PSModulePath
    Import-Module ImageFabric.Dsc
}

function Get-DscClass([string] $Resource) {
    & (Get-Module ImageFabric.Dsc) { param($Name) $Name -as [type] } $Resource
}

function Get-DscAttribute([System.Reflection.PropertyInfo] $Property) {
    $Property.GetCustomAttributes([System.Management.Automation.DscPropertyAttribute], $false)[0]
}

function New-DscResource([string] $Resource, [hashtable] $Property) {
    <# .SYNOPSIS
        An instance as Invoke-DscResource makes it. #>
    $instance = (Get-DscClass $Resource)::new()
    foreach ($name in $Property.Keys) { $instance.$name = $Property[$name] }
    $instance
}

function Get-DscError([scriptblock] $Script) {
    <# .SYNOPSIS
        The id of the error that the script ends with. #>
    try {
        $null = & $Script
    }
    catch {
        ($_.FullyQualifiedErrorId -split ',')[0]
    }
}

function Get-DscManifest([string] $Resource) {
    Get-Content -Raw (Join-Path $DscModule "$Resource.dsc.resource.json") | ConvertFrom-Json -AsHashtable
}

function Invoke-DscCommand {
    <# .SYNOPSIS
        Runs an operation's command as DSC 3 does: the declared arguments, in the manifest's folder, one line of JSON without end of line on standard
        input. What comes and goes is held against the schema as DSC does. #>
    param(
        [string] $Resource,
        [string] $Operation,
        [hashtable] $Desired,
        # In the place of the desired state.
        [string] $Text,
        # What DSC would refuse before it runs the command.
        [switch] $NotOfSchema
    )

    $manifest = Get-DscManifest $Resource
    $schema = ConvertTo-Json $manifest.schema.embedded -Depth 10
    $json = if ($Desired) { ConvertTo-Json $Desired -Compress -Depth 5 } else { $Text }
    if ($Desired -and -not $NotOfSchema) {
        $null = Test-Json -Json $json -Schema $schema -ErrorAction Stop
    }
    $command = $manifest.$Operation
    $start = [System.Diagnostics.ProcessStartInfo]::new($command.executable, [string[]] $command.args)
    $start.WorkingDirectory = $DscModule
    $start.RedirectStandardInput = $start.RedirectStandardOutput = $start.RedirectStandardError = $true
    $start.StandardInputEncoding = $start.StandardOutputEncoding = $start.StandardErrorEncoding = [System.Text.UTF8Encoding]::new($false)
    $process = [System.Diagnostics.Process]::Start($start)
    $stderr = $process.StandardError.ReadToEndAsync()
    $process.StandardInput.Write($json)
    $process.StandardInput.Close()
    $lines = @($process.StandardOutput.ReadToEnd() -split '\r?\n' | Where-Object { $_ })
    $process.WaitForExit()
    $traces = @($stderr.Result -split '\r?\n' | Where-Object { $_ } | ForEach-Object { ConvertFrom-Json $_ })

    $states = @($lines | Where-Object { $_[0] -eq '{' })
    foreach ($state in $states) {
        $null = Test-Json -Json $state -Schema $schema -ErrorAction Stop
    }
    # Where a state and the differences are declared, these are the second line, and there is no third.
    if ($command['return'] -eq 'stateAndDiff' -and $process.ExitCode -eq 0 -and ($lines.Count -ne 2 -or $lines[1][0] -ne '[')) {
        throw "$Resource $Operation gave $($lines.Count) lines: $lines"
    }
    [pscustomobject] @{
        ExitCode  = $process.ExitCode
        Output    = $lines -join "`n"
        State     = $states | ForEach-Object { ConvertFrom-Json $_ }
        Different = $(if ($command['return'] -eq 'stateAndDiff' -and $lines.Count -eq 2) { ConvertFrom-Json $lines[1] })
        Error     = $traces | ForEach-Object { if ($_.PSObject.Properties['error']) { $_.error } }
        Warning   = $traces | ForEach-Object { if ($_.PSObject.Properties['warn']) { $_.warn } }
    }
}
