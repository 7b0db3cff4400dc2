<#
.SYNOPSIS
    Does one operation of one resource for DSC v3: a JSON object comes by standard input, one goes out.
.DESCRIPTION
    Properties are those of the class of that name, in camelCase; _exist stands for Ensure. An error is one line of JSON on standard error, and exit code 1.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [ValidateSet('VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore')]
    [string] $Resource,

    [Parameter(Mandatory)]
    [ValidateSet('get', 'test', 'set')]
    [string] $Operation,

    [Parameter(Mandatory, ValueFromPipeline)]
    [string] $Json
)

begin {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'

    function ConvertTo-State([object] $Instance) {
        $state = [ordered] @{}
        foreach ($property in $Instance.PSObject.Properties) {
            $isSet = $null -ne $property.Value -and '' -ne $property.Value -and 0 -ne $property.Value
            if ($property.Name -eq 'Ensure') { $state['_exist'] = "$($property.Value)" -eq 'Present' }
            elseif ($isSet -or $property.Value -is [bool]) { $state[$property.Name.Substring(0, 1).ToLowerInvariant() + $property.Name.Substring(1)] = $property.Value }
        }
        $state
    }
}

process {
    try {
        # Beside this module lies the one it needs, wherever both were installed.
        $env:PSModulePath = (Split-Path $PSScriptRoot) + [System.IO.Path]::PathSeparator + $env:PSModulePath
        $module = Import-Module (Join-Path $PSScriptRoot 'ImageFabric.Dsc.psd1') -PassThru
        $instance = & $module { param($Name) New-Object -TypeName $Name } $Resource
        foreach ($property in (ConvertFrom-Json $Json).PSObject.Properties) {
            if ($property.Name -eq '_exist') { $instance.Ensure = if ($property.Value) { 'Present' } else { 'Absent' } }
            elseif (-not $property.Name.StartsWith('_')) { $instance.($property.Name) = $property.Value }
        }

        if ($Operation -eq 'set') { $instance.Set() }
        $state = ConvertTo-State $instance.Get()
        if ($Operation -eq 'test') { $state['_inDesiredState'] = $instance.Test() }
        ConvertTo-Json $state -Compress
    }
    catch {
        # Of a class, the cmdlet's error is what lies inside.
        $exception = $_.Exception
        while ($exception.InnerException) { $exception = $exception.InnerException }
        [Console]::Error.WriteLine((ConvertTo-Json @{ error = "$($exception.Message)" } -Compress))
        exit 1
    }
}
