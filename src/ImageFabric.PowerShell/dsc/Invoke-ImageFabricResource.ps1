<#
.SYNOPSIS
    Does one operation of a resource for DSC 3, as the resource manifests beside this script declare it.
.DESCRIPTION
    Reads the desired state as one JSON object on standard input, and writes what the operation gives as JSON lines on standard output. What there is
    to say besides goes to standard error, as the JSON lines that DSC shows at its trace levels. Exit codes: 0 done, 1 the operation failed,
    2 the input is not a desired state.
.PARAMETER Resource
    The class of the resource.
.PARAMETER Operation
    What to do.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [ValidateSet('VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore')] [string] $Resource,
    [Parameter(Mandatory)] [ValidateSet('get', 'test', 'set', 'delete', 'export')] [string] $Operation
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# DSC shows warn at its default trace level, info and debug when asked.
function Write-Trace([string] $Level, [string] $Text) {
    [Console]::Error.WriteLine((ConvertTo-Json @{ $Level = $Text } -Compress -EscapeHandling EscapeNonAscii))
}

function Write-State([object] $State) {
    [Console]::Out.WriteLine((ConvertTo-Json $State -Compress -Depth 5 -EscapeHandling EscapeNonAscii))
}

# JSON is UTF-8, whatever the console's code page is.
function Read-Desired {
    $reader = [System.IO.StreamReader]::new([Console]::OpenStandardInput(), [System.Text.UTF8Encoding]::new($false))
    $text = $reader.ReadToEnd()
    if ([string]::IsNullOrWhiteSpace($text)) { @{} } else { ConvertFrom-Json $text -AsHashtable -NoEnumerate }
}

function ConvertTo-CamelCase([string] $Name) {
    $Name.Substring(0, 1).ToLowerInvariant() + $Name.Substring(1)
}

# An instance of the class, with the properties of the JSON object.
function New-Instance([type] $Class, [object] $Desired) {
    if ($Desired -isnot [System.Collections.IDictionary]) {
        throw 'it is not a JSON object.'
    }
    $instance = $Class::new()
    foreach ($name in $Desired.Keys) {
        $value = $Desired[$name]
        if ($name -ceq '_exist') {
            $instance.Ensure = if ([bool] $value) { 'Present' } else { 'Absent' }
            continue
        }
        $property = $Class.GetProperties() | Where-Object { (ConvertTo-CamelCase $_.Name) -ceq $name }
        if (-not $property -or $name -ceq 'ensure') {
            throw "$($Class.Name) has no property '$name'."
        }
        if ($null -ne $value) {
            $instance.($property.Name) = if ($value -is [System.Collections.IDictionary]) { [hashtable] $value } else { $value }
        }
    }
    $instance
}

# An instance as JSON says it: what has no value is left out, and _exist says Ensure.
function ConvertTo-State([object] $Instance) {
    $state = [ordered] @{}
    foreach ($property in $Instance.GetType().GetProperties() | Where-Object Name -NE 'Ensure') {
        $value = $property.GetValue($Instance)
        $empty = $null -eq $value -or ($value -is [string] -and $value.Length -eq 0) -or ($value -is [array] -and $value.Count -eq 0)
        if (-not $empty) {
            $state[(ConvertTo-CamelCase $property.Name)] = $value
        }
    }
    $state['_exist'] = "$($Instance.Ensure)" -eq 'Present'
    $state
}

function ConvertTo-PropertyList([string[]] $Name) {
    ConvertTo-Json @($Name | ForEach-Object { if ($_ -eq 'Ensure') { '_exist' } else { ConvertTo-CamelCase $_ } }) -Compress
}

function Invoke-Operation([type] $Class, [object] $Instance, [bool] $HasInput) {
    switch ($Operation) {
        'get' {
            Write-State (ConvertTo-State $Instance.Get())
        }
        'test' {
            $actual = $Instance.Get()
            $different = $Instance.Differences($actual)
            $state = ConvertTo-State $actual
            $state['_inDesiredState'] = $different.Count -eq 0
            Write-State $state
            [Console]::Out.WriteLine((ConvertTo-PropertyList $different))
        }
        'set' {
            $different = $Instance.Apply()
            Write-State (ConvertTo-State $Instance.Get())
            [Console]::Out.WriteLine((ConvertTo-PropertyList $different))
        }
        'delete' {
            $Instance.Ensure = 'Absent'
            $Instance.Set()
        }
        'export' {
            $instances = if ($HasInput -and $Class.Name -ne 'VmImageStore') { $Class::Export($Instance) } else { $Class::Export() }
            foreach ($one in $instances) {
                Write-State (ConvertTo-State $one)
            }
        }
    }
}

try {
    # DSC may have found this folder by PATH; the cmdlets lie beside it then.
    $env:PSModulePath = (Split-Path $PSScriptRoot) + [System.IO.Path]::PathSeparator + $env:PSModulePath
    Import-Module (Join-Path $PSScriptRoot 'ImageFabric.Dsc.psd1')
    $class = & (Get-Module ImageFabric.Dsc) { param($Name) $Name -as [type] } $Resource
}
catch {
    Write-Trace error "$Resource cannot be loaded: $_"
    exit 1
}

try {
    $desired = Read-Desired
    if ($Operation -eq 'export' -and $desired.Count -gt 0 -and -not $desired.ContainsKey('hostName') -and $Resource -ne 'VmImageStore') {
        $desired['hostName'] = 'localhost'
    }
    $instance = New-Instance $class $desired
}
catch {
    Write-Trace error "InvalidRequest: the input of $Resource is not a desired state: $_"
    exit 2
}

try {
    Invoke-Operation $class -Instance $instance -HasInput ($desired.Count -gt 0) 3>&1 4>&1 | ForEach-Object {
        Write-Trace $(if ($_ -is [System.Management.Automation.WarningRecord]) { 'warn' } else { 'debug' }) "$_"
    }
}
catch {
    $id = ($_.FullyQualifiedErrorId -split ',')[0]
    $action = if ($_.ErrorDetails) { $_.ErrorDetails.RecommendedAction }
    Write-Trace error "${id}: $($_.Exception.Message)$(if ($action) { " ($action)" })"
    exit 1
}
