# Behind every operation: parameters as JSON from standard input to Invoke-Operation, its answer or its error as JSON to standard output.

function Write-Answer($answer) {
    $bytes = $utf8.GetBytes((ConvertTo-Json -InputObject $answer -Depth 6 -Compress) + "`n")
    $standardOutput = [Console]::OpenStandardOutput()
    $standardOutput.Write($bytes, 0, $bytes.Length)
    $standardOutput.Flush()
}

function Stop-Operation([string] $Id, [string] $Target, [string] $Message) {
    $exception = New-Object System.InvalidOperationException $Message
    $exception.Data['id'] = $Id
    $exception.Data['target'] = $Target
    throw $exception
}

# Messages are in the host's language; ids, categories and result codes are not.
function Get-ErrorId($record) {
    $full = -2147024784
    for ($exception = $record.Exception; $null -ne $exception; $exception = $exception.InnerException) {
        if ($exception.Data['id']) {
            return $exception.Data['id']
        }
        if ($exception.HResult -eq $full -or $exception.Message -match '0x80070070') {
            return 'HostDiskFull'
        }
    }
    if ($record.FullyQualifiedErrorId -match '^(Modules_ModuleNotFound|CommandNotFoundException)' -or $record.CategoryInfo.Category -in 'PermissionDenied', 'SecurityError') {
        return 'HypervisorUnavailable'
    }
    $service = Get-Service -Name vmms -ErrorAction SilentlyContinue
    if ($null -eq $service -or [string]$service.Status -ne 'Running') {
        return 'HypervisorUnavailable'
    }
    'HypervisorFailed'
}

function Get-Failure($record) {
    $command = $record.InvocationInfo.MyCommand
    @{
        id = Get-ErrorId $record
        target = [string]$record.Exception.Data['target']
        command = if ($null -ne $command -and $command.Name -match '^\w+-V') { $command.Name } else { $null }
        message = ([string]$record.Exception.Message -replace '\s+', ' ').Trim()
    }
}

function Get-Description($machine) {
    $disk = @(Get-VMHardDiskDrive -VM $machine | ForEach-Object { $_.Path }) | Select-Object -First 1
    $size = if ($disk -and (Test-Path -LiteralPath $disk)) { (Get-VHD -Path $disk).Size } else { 0 }
    @{
        id = $machine.Id.ToString()
        name = $machine.Name
        notes = [string]$machine.Notes
        path = [string]$machine.Path
        state = [string]$machine.State
        cpu = [int]$machine.ProcessorCount
        memory = [long]$machine.MemoryStartup
        disk = [string]$disk
        diskSize = [long]$size
        addresses = @($machine.NetworkAdapters | ForEach-Object { $_.IPAddresses } | Where-Object { $_ -and $_ -notmatch '^(fe80:|169\.254\.)' })
    }
}

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'
$utf8 = New-Object System.Text.UTF8Encoding $false
# Otherwise Windows PowerShell writes some arrays as objects with value and Count.
Remove-TypeData -TypeName System.Array -ErrorAction SilentlyContinue
try {
    $reader = New-Object System.IO.StreamReader ([Console]::OpenStandardInput()), $utf8
    $parameters = ConvertFrom-Json $reader.ReadToEnd()
    Import-Module Hyper-V
    Write-Answer @{ result = Invoke-Operation $parameters }
    exit 0
}
catch {
    Write-Answer @{ error = Get-Failure $_ }
    exit 1
}
