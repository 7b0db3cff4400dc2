<#
.SYNOPSIS
    Runs commands of ImageFabric as a step of Azure Pipelines.
.DESCRIPTION
    Progress, warnings and errors become logging commands: the step shows a percentage, and each error with its stable id and what to do about it. Properties of what
    the commands give out become output variables. The exit code is 0 when all is done, and 1 when anything failed, after everything else was tried.
.PARAMETER Command
    The commands. They run in a session of their own, which nothing can be asked in; what they need from outside is in environment variables or -ArgumentList.
.PARAMETER ArgumentList
    Arguments of the commands.
.PARAMETER OutputVariable
    Names of output variables, each with the property whose value it gets: of the last object that has it.
.PARAMETER AllowPartialFailure
    When some of it is done, the step succeeds with issues, and the exit code is 0.
.EXAMPLE
    ./Invoke-PipelineStep.ps1 { Publish-VmImage ./ubuntu.qcow2 ubuntu-server 24.04.3 } -OutputVariable @{ imageId = 'ImageId' }

    Later steps find the image's id in $(NAME.imageId), where NAME is the step's name.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [scriptblock] $Command,

    [object[]] $ArgumentList = @(),

    [hashtable] $OutputVariable = @{},

    [switch] $AllowPartialFailure,

    # The module, where it is not on PSModulePath.
    [string] $ModulePath = 'ImageFabric'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# What would end a logging command, or begin another, in a text of somebody else's.
function ConvertTo-Message([string] $Text) {
    $Text.Replace('%', '%AZP25').Replace("`r", '%0D').Replace("`n", '%0A')
}

function ConvertTo-Property([string] $Text) {
    (ConvertTo-Message $Text).Replace(';', '%3B').Replace(']', '%5D')
}

# A plain line that happens to look like a logging command is none.
function Write-Plain([string] $Text) {
    $Text -split "`r?`n" | ForEach-Object { $_ -replace '^(\s*)##(vso|\[)', '$1# #$2' }
}

function Write-Issue([string] $Type, [string] $Text, [string] $Code) {
    $codeProperty = if ($Code) { ";code=$(ConvertTo-Property $Code)" }
    "##vso[task.logissue type=$Type$codeProperty]$(ConvertTo-Message $Text)"
}

function Write-ErrorIssue([System.Management.Automation.ErrorRecord] $Record) {
    $text = "$Record"
    if ($Record.TargetObject -and $text -notlike "*$($Record.TargetObject)*") { $text = "$($Record.TargetObject): $text" }
    $advice = if ($Record.ErrorDetails) { $Record.ErrorDetails.RecommendedAction }
    if ($advice) { $text = "$text $advice" }
    Write-Issue error $text ($Record.FullyQualifiedErrorId -split ',')[0]
}

$session = [powershell]::Create()
$null = $session.AddScript({
        param($ModulePath, $Command, $ArgumentList)
        $ErrorActionPreference = 'Continue'
        $ConfirmPreference = 'None'
        Import-Module $ModulePath -ErrorAction Stop
        & ([scriptblock]::Create($Command)) @ArgumentList
    }).AddArgument($ModulePath).AddArgument("$Command").AddArgument($ArgumentList)
$given = [System.Management.Automation.PSDataCollection[psobject]]::new()
$nothing = [System.Management.Automation.PSDataCollection[psobject]]::new()
$nothing.Complete()

$objects = [System.Collections.Generic.List[object]]::new()
$failures = 0
$shown = -1
$running = $session.BeginInvoke($nothing, $given)
try {
    do {
        $ended = $running.AsyncWaitHandle.WaitOne(200)
        foreach ($record in $session.Streams.Progress.ReadAll()) {
            if ($record.ParentActivityId -lt 0 -and $record.PercentComplete -ge 0 -and $record.PercentComplete -ne $shown) {
                $shown = $record.PercentComplete
                "##vso[task.setprogress value=$shown;]$(ConvertTo-Message "$($record.Activity): $($record.StatusDescription)")"
            }
        }
        $session.Streams.Verbose.ReadAll() | ForEach-Object { "##[debug]$(ConvertTo-Message $_.Message)" }
        $session.Streams.Warning.ReadAll() | ForEach-Object { Write-Issue warning $_.Message }
        foreach ($record in $session.Streams.Error.ReadAll()) {
            $failures++
            Write-ErrorIssue $record
        }
        foreach ($object in $given.ReadAll()) {
            $objects.Add($object)
            Write-Plain ($object | Out-String -Width 160).Trim()
        }
    } until ($ended)
    try {
        $session.EndInvoke($running)
    }
    catch {
        # What ended the commands is in the exception that PowerShell wraps its own in.
        $failures++
        $cause = $_.Exception.InnerException
        if ($cause -is [System.Management.Automation.IContainsErrorRecord]) { Write-ErrorIssue $cause.ErrorRecord } else { Write-Issue error "$_" }
    }
}
finally {
    $session.Dispose()
}

foreach ($name in $OutputVariable.Keys) {
    $property = $OutputVariable[$name]
    $value = $objects | Where-Object { $_.PSObject.Properties[$property] } | Select-Object -Last 1 -ExpandProperty $property
    if ($null -ne $value) { "##vso[task.setvariable variable=$(ConvertTo-Property $name);isOutput=true]$(ConvertTo-Message "$value")" }
}

$done = @($objects | Where-Object { -not $_.PSObject.Properties['Status'] -or $_.Status -ne 'Failed' }).Count
if ($failures -eq 0) {
    '##vso[task.complete result=Succeeded;]Done'
    exit 0
}
if ($AllowPartialFailure -and $done -gt 0) {
    "##vso[task.complete result=SucceededWithIssues;]$failures failed"
    exit 0
}
"##vso[task.complete result=Failed;]$failures failed"
exit 1
