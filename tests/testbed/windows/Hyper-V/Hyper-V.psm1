# A stand-in for the Hyper-V module. Its cmdlets are made from signatures.txt, the published syntax: whatever is not in it, PowerShell itself refuses, as it
# does for the real cmdlets. What a cmdlet does is a function Invoke-NAME of Bodies.ps1 or Checkpoints.ps1.

. $PSScriptRoot/Types.ps1
. $PSScriptRoot/State.ps1
. $PSScriptRoot/Disks.ps1
. $PSScriptRoot/Bodies.ps1
. $PSScriptRoot/Checkpoints.ps1

$known = 'String', 'String[]', 'Int16', 'Int32', 'Int64', 'UInt32', 'UInt64', 'Boolean', 'Guid', 'Guid[]', 'Byte[]', 'Version',
    'StartAction', 'CheckpointType', 'OnOffState', 'BootDevice', 'BootDevice[]', 'VirtualMachine[]', 'VirtualMachineBase', 'VMSnapshot', 'VMComponentObject',
    'VMComponentObject[]', 'DvdDrive[]', 'VMNetworkAdapterBase', 'VMNetworkAdapterBase[]'

function Read-Signature {
    $cmdlets = [ordered]@{}
    foreach ($line in [System.IO.File]::ReadAllLines("$PSScriptRoot/signatures.txt")) {
        if (-not $line -or $line.StartsWith('#')) {
            continue
        }
        $set, $syntax = $line.Split([char[]]'|', 2)
        $name, $rest = $syntax.Split([char[]]' ', 2)
        if (-not $cmdlets.Contains($name)) {
            $cmdlets[$name] = @{ default = $null; parameters = [ordered]@{} }
        }
        if ($set.EndsWith(' (Default)')) {
            $set = $set.Substring(0, $set.Length - ' (Default)'.Length)
            $cmdlets[$name].default = $set
        }
        $position = 0
        foreach ($match in [regex]::Matches($rest, '(\[\[-(?<optional>\w+)\] <(?<type>[^>]+)>\])|(\[-(?<mandatory>\w+)\] <(?<type>[^>]+)>)|(\[-(?<named>\w+)( <(?<type>[^>]+)>)?\])|(-(?<must>\w+)( <(?<type>[^>]+)>)?)')) {
            $groups = $match.Groups
            $parameter = @($groups['optional'], $groups['mandatory'], $groups['named'], $groups['must'] | Where-Object { $_.Success })[0].Value
            if ($parameter -in 'WhatIf', 'Confirm') {
                continue
            }
            $attribute = "[Parameter(ParameterSetName = '$set'"
            if ($groups['optional'].Success -or $groups['mandatory'].Success) {
                $attribute += ", Position = $position"
                $position++
            }
            if ($groups['mandatory'].Success -or $groups['must'].Success) {
                $attribute += ', Mandatory'
            }
            $type = if (-not $groups['type'].Success) { 'switch' } elseif ($groups['type'].Value -in $known) { $groups['type'].Value } else { 'object' }
            if (-not $cmdlets[$name].parameters.Contains($parameter)) {
                $cmdlets[$name].parameters[$parameter] = @{ type = $type; attributes = @() }
            }
            $cmdlets[$name].parameters[$parameter].attributes += "$attribute)]"
        }
    }
    $cmdlets
}

$signatures = Read-Signature
$text = foreach ($name in $signatures.Keys) {
    $cmdlet = $signatures[$name]
    $parameters = foreach ($parameter in $cmdlet.parameters.Keys) {
        "        $($cmdlet.parameters[$parameter].attributes -join ' ') [$($cmdlet.parameters[$parameter].type)] `$$parameter"
    }
    "function $name {`n    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = '$($cmdlet.default)')]`n    param(`n$($parameters -join ",`n")`n    )`n    try { Invoke-Cmdlet '$name' `$PSBoundParameters } catch { `$PSCmdlet.ThrowTerminatingError(`$_) }`n}`n"
}
. ([scriptblock]::Create($text -join "`n"))

function Invoke-Cmdlet([string] $Name, $Bound) {
    $changes = $Name -notlike 'Get-*'
    if ($changes) {
        Add-Call $Name
    }
    Test-Fault $Name 'before'
    $result = Use-State {
        param($state, $arguments)
        if ($state.service -ne 'Running') {
            Deny 'ObjectNotFound' 'ObjectNotFound' 'Hyper-V encountered an error trying to access an object because the object was not found.'
        }
        & "Invoke-$($arguments[0])" $state $arguments[1]
    } @($Name, $Bound)
    Test-Fault $Name 'after'
    $result
}

# Windows has the service of Hyper-V; it is asked for when something fails.
function Get-Service {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'It stands in for that too.')]
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Name)
    if ($Name -eq 'vmms') {
        [pscustomobject]@{ Name = 'vmms'; Status = (Read-State).service }
    }
}

Export-ModuleMember -Function (@($signatures.Keys) + 'Get-Service')
