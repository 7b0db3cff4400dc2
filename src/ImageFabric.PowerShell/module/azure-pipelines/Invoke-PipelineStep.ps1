<#
.SYNOPSIS
    Runs commands of ImageFabric as a step of Azure Pipelines.
.DESCRIPTION
    Progress, warnings and errors become logging commands: the step shows a percentage, and each error with its stable id and what to do about it. Properties of what
    the commands give out become output variables. Secrets are not printed, and no text of somebody else's becomes a logging command.

    Exit codes: 0 when all is done, 1 when anything failed, after everything else was tried; the commands' own where they say exit N, or where the last program
    that they ran failed, as in any PowerShell step. When the step is cancelled, the commands are, and leave nothing running.
.PARAMETER Command
    The commands. They run in a session of their own, in the folder that the step is in, which nothing can be asked in; what they need from outside is in environment variables or -ArgumentList.
.PARAMETER ArgumentList
    Arguments of the commands.
.PARAMETER Title
    Headline of the section that the step begins in the log.
.PARAMETER OutputVariable
    Names of output variables, each with the property whose value it gets: of the last object that has it.
.PARAMETER SecretVariable
    Names of environment variables whose values are not printed, besides those of the AWS credential chain.
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

    [string] $Title,

    [hashtable] $OutputVariable = @{},

    [string[]] $SecretVariable = @(),

    [switch] $AllowPartialFailure
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Longest first: one secret may begin another.
$secrets = @(
    'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN' + $SecretVariable |
        ForEach-Object { [Environment]::GetEnvironmentVariable($_) -split '\r?\n' } |
        Where-Object { $_ } | ForEach-Object { $_; [uri]::EscapeDataString($_) } | Sort-Object Length -Descending -Unique
)

# A presigned address is a secret until it expires.
function Hide-Secret([string] $Text) {
    foreach ($secret in $secrets) {
        $Text = $Text.Replace($secret, '***')
    }
    $Text -replace '(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"]+', '$1***'
}

# What would end a logging command, or begin another, in a text of somebody else's. The agent turns it back.
function ConvertTo-Message([string] $Text) {
    (Hide-Secret $Text).Replace('%', '%AZP25').Replace("`r", '%0D').Replace("`n", '%0A')
}

function ConvertTo-Property([string] $Text) {
    (ConvertTo-Message $Text).Replace(';', '%3B').Replace(']', '%5D')
}

# The agent looks for commands anywhere in a line.
function ConvertTo-Line([string] $Text, [string] $Prefix) {
    (Hide-Secret $Text) -split '\r\n|\r|\n' | ForEach-Object { $Prefix + $_.Replace('##vso[', '# #vso[').Replace('##[', '# #[') }
}

function Write-Issue([string] $Type, [string] $Text, [string] $Code) {
    $property = if ($Code) { ";code=$(ConvertTo-Property $Code)" }
    "##vso[task.logissue type=$Type$property;]$(ConvertTo-Message $Text)"
}

function Write-ErrorIssue([System.Management.Automation.ErrorRecord] $Record) {
    $text = "$Record"
    if ($Record.TargetObject -and -not $text.Contains("$($Record.TargetObject)")) {
        $text = "$($Record.TargetObject): $text"
    }
    if ($Record.ErrorDetails -and $Record.ErrorDetails.RecommendedAction) {
        $text = "$text $($Record.ErrorDetails.RecommendedAction)"
    }
    # What is thrown as text has that text for its id.
    $code = ($Record.FullyQualifiedErrorId -split ',')[0]
    if ($code -eq "$Record" -or $code -notmatch '^[A-Za-z][A-Za-z0-9.]*$') {
        $code = ''
    }
    Write-Issue -Type error -Text $text -Code $code
}

# A script file, since 'exit' ends it alone and leaves its code behind.
$step = Join-Path ([System.IO.Path]::GetTempPath()) "imagefabric-step-$([guid]::NewGuid().ToString('N')).ps1"
[System.IO.File]::WriteAllText($step, "$Command", [System.Text.UTF8Encoding]::new($true))

$session = [powershell]::Create([initialsessionstate]::CreateDefault2())
$null = $session.AddScript({
        param($Module, $Step, $Folder, $ArgumentList)
        $ErrorActionPreference = 'Continue'
        $ConfirmPreference = 'None'
        Import-Module $Module -ErrorAction Stop
        Set-Location -LiteralPath $Folder
        & $Step @ArgumentList
    }).AddArgument((Join-Path (Split-Path $PSScriptRoot) 'ImageFabric.psd1')).AddArgument($step).AddArgument($PWD.ProviderPath).AddArgument($ArgumentList)
$given = [System.Management.Automation.PSDataCollection[psobject]]::new()
$nothing = [System.Management.Automation.PSDataCollection[psobject]]::new()
$nothing.Complete()

$objects = [System.Collections.Generic.List[object]]::new()
$failures = 0
$shown = -1
$ended = 0
if ($Title) {
    ConvertTo-Line $Title '##[section]'
}
try {
    $running = $session.BeginInvoke($nothing, $given)
    do {
        $isOver = $running.AsyncWaitHandle.WaitOne(200)
        foreach ($record in $session.Streams.Progress.ReadAll()) {
            # The bar of the whole; those of single hosts are under it.
            if ($record.ParentActivityId -lt 0 -and $record.PercentComplete -ge 0 -and $record.PercentComplete -ne $shown) {
                $shown = $record.PercentComplete
                "##vso[task.setprogress value=$shown;]$(ConvertTo-Message "$($record.Activity): $($record.StatusDescription)")"
            }
        }
        $session.Streams.Verbose.ReadAll() | ForEach-Object { ConvertTo-Line $_.Message '##[debug]' }
        $session.Streams.Information.ReadAll() | ForEach-Object { ConvertTo-Line "$_" }
        $session.Streams.Warning.ReadAll() | ForEach-Object { Write-Issue warning $_.Message }
        foreach ($record in $session.Streams.Error.ReadAll()) {
            $failures++
            Write-ErrorIssue $record
        }
        $given.ReadAll() | ForEach-Object { $objects.Add($_) }
    } until ($isOver)
    try {
        $null = $session.EndInvoke($running)
    }
    catch {
        # What ended the commands is in the exception that PowerShell wraps its own in.
        $failures++
        $cause = $_.Exception.InnerException
        if ($cause -is [System.Management.Automation.IContainsErrorRecord]) { Write-ErrorIssue $cause.ErrorRecord } else { Write-Issue error "$_" }
    }

    $ended = $session.Runspace.SessionStateProxy.GetVariable('LASTEXITCODE')
    if ($ended -and $failures -eq 0) {
        $failures++
        Write-Issue error "The commands ended with exit code $ended."
    }

    # In the session that knows how they are shown.
    $view = [powershell]::Create()
    $view.Runspace = $session.Runspace
    $text = $view.AddCommand('Out-String').AddParameter('Width', 160).Invoke($objects) -join ''
    $view.Dispose()
    if ($text.Trim()) {
        ConvertTo-Line $text.TrimEnd()
    }
}
finally {
    # A step that is cancelled ends here, and the commands with it.
    $session.Stop()
    $session.Dispose()
    Remove-Item -LiteralPath $step
}

foreach ($name in $OutputVariable.Keys | Sort-Object) {
    $property = $OutputVariable[$name]
    $value = $objects | Where-Object { $_.PSObject.Properties[$property] } | Select-Object -Last 1 -ExpandProperty $property
    if ($null -ne $value) {
        "##vso[task.setvariable variable=$(ConvertTo-Property $name);isOutput=true]$(ConvertTo-Message "$value")"
    }
    elseif ($failures -eq 0) {
        $failures++
        Write-Issue -Type error -Text "The output variable '$name' has no value: nothing with the property $property was given out." -Code InvalidRequest
    }
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
exit $(if ($ended) { $ended } else { 1 })
