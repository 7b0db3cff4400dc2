# The state file: every machine, switch and checkpoint, the calls that changed anything, and the faults that a test wants.

function Get-StateDirectory {
    if ($env:HYPERV_STAND_IN) {
        return $env:HYPERV_STAND_IN
    }
    $directory = Join-Path $env:ProgramData 'Hyper-V stand-in'
    $null = [System.IO.Directory]::CreateDirectory($directory)
    $directory
}

function Read-State {
    $file = Join-Path (Get-StateDirectory) 'state.json'
    if (Test-Path -LiteralPath $file) {
        return ConvertFrom-Json ([System.IO.File]::ReadAllText($file)) -AsHashtable
    }
    @{ machines = @(); switches = @('Default Switch'); service = 'Running'; address = '' }
}

function Write-State($state) {
    $file = Join-Path (Get-StateDirectory) 'state.json'
    [System.IO.File]::WriteAllText("$file.new", (ConvertTo-Json $state -Depth 10))
    [System.IO.File]::Move("$file.new", $file, $true)
}

# One process at a time changes the state.
function Use-State([scriptblock] $change, $arguments) {
    $lock = $null
    while ($null -eq $lock) {
        try {
            $lock = [System.IO.File]::Open((Join-Path (Get-StateDirectory) 'lock'), 'OpenOrCreate', 'ReadWrite', 'None')
        }
        catch [System.IO.IOException] {
            Start-Sleep -Milliseconds 20
        }
    }
    try {
        $state = Read-State
        $result = & $change $state $arguments
        Write-State $state
        $result
    }
    finally {
        $lock.Dispose()
    }
}

function Find-Machine($state, $id) {
    $machine = $state.machines | Where-Object { $_.id -eq [string]$id } | Select-Object -First 1
    if (-not $machine) {
        Deny -Id 'ObjectNotFound' -Category 'ObjectNotFound' -Message "Hyper-V was unable to find a virtual machine with id $id."
    }
    $machine
}

# The errors of the real cmdlets have an id and a category that are the same in every language.
function Deny([string] $Id, [string] $Category, [string] $Message) {
    $exception = [VirtualizationException]::new($Message)
    throw [System.Management.Automation.ErrorRecord]::new($exception, "$Id,Microsoft.HyperV.PowerShell.Commands", $Category, $null)
}

# A fault: one line "CMDLET WHEN KIND" in the file "fault"; WHEN is before or after what the cmdlet does.
function Test-Fault([string] $Command, [string] $When) {
    $file = Join-Path (Get-StateDirectory) 'fault'
    if (-not (Test-Path -LiteralPath $file)) {
        return
    }
    $cmdlet, $moment, $kind = ([System.IO.File]::ReadAllText($file)).Trim() -split ' '
    if ($cmdlet -ne $Command -or $moment -ne $When) {
        return
    }
    switch ($kind) {
        'refuse' { Deny -Id 'OperationFailed' -Category 'NotSpecified' -Message "$Command failed: Vorgang fehlgeschlagen (0x8007054F)." }
        'deny' { Deny -Id 'AccessDenied' -Category 'PermissionDenied' -Message 'Die erforderliche Berechtigung fehlt.' }
        'full' { Deny -Id 'OperationFailed' -Category 'NotSpecified' -Message "$Command failed: Nicht genug Speicherplatz (0x80070070)." }
        'hang' { [System.IO.File]::WriteAllText((Join-Path (Get-StateDirectory) 'hanging'), $PID); Start-Sleep -Seconds 60 }
        default { throw "The fault '$kind' is not known." }
    }
}

function Add-Call([string] $Command) {
    [System.IO.File]::AppendAllText((Join-Path (Get-StateDirectory) 'calls'), "$Command`n")
}
