# What the tests of all cmdlets share: the module under test, and an engine that says what a test has it say.

Import-Module (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1')

# A program in the place of the engine. It notes each request and answers each operation with the lines that Set-EngineAnswer gave it.
$script:FakeEngineProgram = @'
#!/bin/sh
home=$(dirname "$0")
IFS= read -r request
operation=$(printf '%s' "$request" | sed 's/.*"operation":"\([a-z-]*\)".*/\1/')
printf '%s\n' "$request" >> "$home/requests"
printf '%s\n' $$ >> "$home/processes"
if [ -f "$home/$operation.first" ]; then
    cat "$home/$operation.first"
fi
if [ -f "$home/$operation.hangs" ]; then
    cat > /dev/null
    exit 130
fi
if [ -f "$home/$operation.pauses" ]; then
    sleep 1
fi
# A host is what its image directory is called.
case $request in
*'"imageDirectory":"hangs"'*)
    cat > /dev/null
    exit 130
    ;;
*'"imageDirectory":"fails"'*)
    echo '{"type":"error","id":"HostDiskFull","category":"WriteError","message":"No room.","target":"fails"}'
    exit 1
    ;;
esac
cat "$home/$operation.answer"
if [ -f "$home/$operation.stays" ]; then
    cat > /dev/null
fi
exit "$(cat "$home/$operation.exit")"
'@

function Initialize-FakeEngine {
    <# .SYNOPSIS
        Makes a fresh engine, and a fresh home for what the user registers; both are in the test's own folder. #>
    param([Parameter(Mandatory)] [string] $Path)

    $null = New-Item -ItemType Directory -Path $Path -Force
    $program = Join-Path $Path 'imagefabric'
    [System.IO.File]::WriteAllText($program, $script:FakeEngineProgram.Replace("`r", ''))
    chmod +x $program
    $env:IMAGEFABRIC_ENGINE = $program
    $env:XDG_CONFIG_HOME = Join-Path $Path 'config'
    $env:IMAGEFABRIC_STORE = $null
    $env:IMAGEFABRIC_ENDPOINT = $null
    $script:FakeEngine = $Path
}

function Set-EngineAnswer {
    <# .SYNOPSIS
        Says what the engine answers to an operation. #>
    param(
        [Parameter(Mandatory)] [string] $Operation,
        # The lines, as hashtables of the protocol's names.
        [hashtable[]] $Line = @(),
        # Lines that come before the engine hangs until its standard input is closed.
        [hashtable[]] $ThenHangAfter,
        # Lines that come a second before the others.
        [hashtable[]] $First = @(),
        # The engine stays until its standard input is closed.
        [switch] $Stays
    )

    function ConvertTo-Line([hashtable[]] $Lines) {
        -join ($Lines | ForEach-Object { (ConvertTo-Json $_ -Compress -Depth 5) + "`n" })
    }

    $file = Join-Path $script:FakeEngine $Operation
    Remove-Item "$file.first", "$file.hangs", "$file.pauses", "$file.stays" -ErrorAction Ignore
    [System.IO.File]::WriteAllText("$file.answer", (ConvertTo-Line $Line))
    [System.IO.File]::WriteAllText("$file.exit", "$([int]($Line.type -contains 'error'))")
    if ($PSBoundParameters.ContainsKey('ThenHangAfter')) {
        [System.IO.File]::WriteAllText("$file.first", (ConvertTo-Line $ThenHangAfter))
        [System.IO.File]::WriteAllText("$file.hangs", '')
    }
    if ($First) {
        [System.IO.File]::WriteAllText("$file.first", (ConvertTo-Line $First))
        [System.IO.File]::WriteAllText("$file.pauses", '')
    }
    if ($Stays) {
        [System.IO.File]::WriteAllText("$file.stays", '')
    }
}

function Get-EngineRequest {
    <# .SYNOPSIS
        The requests the engine got, first to last. #>
    param([string] $Operation = '*')

    $file = Join-Path $script:FakeEngine 'requests'
    if (Test-Path $file) {
        Get-Content $file | ConvertFrom-Json | Where-Object operation -Like $Operation
    }
}

function Get-LivingEngine {
    <# .SYNOPSIS
        Process ids of engines that still run. #>
    $file = Join-Path $script:FakeEngine 'processes'
    if (Test-Path $file) {
        Get-Content $file | Where-Object { Get-Process -Id $_ -ErrorAction Ignore }
    }
}

function Get-ImageAnswer {
    <# .SYNOPSIS
        A result of the engine that describes a published image. #>
    param([string] $Name = 'ubuntu', [string] $Version = '24.04.3', [hashtable] $With = @{})

    $image = @{
        type = 'result'; name = $Name; version = $Version; imageId = 'sha256:' + 'ab' * 32; virtualSize = 2GB; dataSize = 1200MB; storedSize = 500MB
        published = '2025-03-01T12:30:00Z'; sourceFormat = 'qcow2'; index = 'indexes/ab/abab'; indexSize = 4096
    }
    foreach ($key in $With.Keys) {
        $image[$key] = $With[$key]
    }
    $image
}

function Get-ErrorAnswer {
    <# .SYNOPSIS
        An error of the engine. #>
    param([Parameter(Mandatory)] [string] $Id, [string] $Category = 'ObjectNotFound', [string] $Target, [string] $Message = 'That did not work.')

    @{ type = 'error'; id = $Id; category = $Category; message = $Message; target = $Target; recommendedAction = 'Do it otherwise.' }
}

function Start-Session {
    <# .SYNOPSIS
        Runs a cmdlet in a session of its own, which can be stopped like with Ctrl+C. #>
    param(
        [Parameter(Mandatory)] [string] $Command,
        [hashtable] $Parameter = @{},
        # What comes through the pipeline.
        [object[]] $InputObject = @(),
        # Returns as soon as the first object has come; otherwise when the command has ended.
        [switch] $UntilOutput,
        # Returns as soon as an engine was asked for this operation.
        [string] $UntilRequest,
        # Returns as soon as this gives something out.
        [scriptblock] $UntilTrue
    )

    $session = [powershell]::Create()
    $null = $session.AddScript({ Import-Module (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1') }).Invoke()
    $session.Commands.Clear()
    $null = $session.AddCommand($Command).AddParameters($Parameter)
    $records = [System.Management.Automation.PSDataCollection[psobject]]::new()
    $InputObject | ForEach-Object { $records.Add($_) }
    $records.Complete()
    $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
    $running = $session.BeginInvoke($records, $output)
    $deadline = [datetime]::UtcNow.AddMinutes(2)
    while (-not $running.IsCompleted -and -not ($UntilOutput -and $output.Count -gt 0) -and
        -not ($UntilRequest -and (Get-EngineRequest $UntilRequest)) -and -not ($UntilTrue -and (& $UntilTrue))) {
        if ([datetime]::UtcNow -gt $deadline) {
            $session.Stop()
            throw "$Command did not come to the point that the test waits for."
        }
        Start-Sleep -Milliseconds 20
    }
    $session
}

function Get-PullAnswer {
    <# .SYNOPSIS
        A result of the engine on a host that has taken an image. #>
    param([string] $Status = 'Synced')

    @{
        type = 'result'; imageId = 'sha256:' + 'ab' * 32; status = $Status; bytesFetched = 300MB; bytesReused = 700MB
        path = '/var/lib/images/ubuntu.raw'; format = 'raw'; virtualSize = 2GB; durationSeconds = 3.5
    }
}

function Get-VmAnswer {
    <# .SYNOPSIS
        A result of the engine on a host that describes a virtual machine. #>
    param([string] $Name = 'web01', [string] $State = 'Running')

    @{
        type = 'result'; name = $Name; id = '5f0c3c06-7c52-4a3b-9f4e-0d8f7b9a1f00'; image = 'ubuntu:24.04.3'; imageId = 'sha256:' + 'ab' * 32
        state = $State; virtualization = 'kvm'; cpu = 2; memoryBytes = 2GB; diskSizeBytes = 20GB; diskPath = "/vms/$Name/disk.qcow2"; linkedClone = $true
        addresses = @('192.0.2.7', '2001:db8::7'); consolePath = "/vms/$Name/console.log"; created = '2025-03-01T12:30:00Z'
    }
}

function Initialize-RealEngine {
    <# .SYNOPSIS
        Makes the engine that came with the module work, with a fresh home for what the user has. #>
    param([Parameter(Mandatory)] [string] $Path)

    $null = New-Item -ItemType Directory -Path $Path -Force
    $env:IMAGEFABRIC_ENGINE = $null
    $env:IMAGEFABRIC_STORE = $null
    $env:IMAGEFABRIC_ENDPOINT = $null
    $env:XDG_CONFIG_HOME = Join-Path $Path 'config'
    $env:XDG_DATA_HOME = Join-Path $Path 'data'
}

function Get-HostImageAnswer {
    <# .SYNOPSIS
        A result of the engine on a host that describes an image there. #>
    param([string] $Image = 'ubuntu:24.04.3', [string] $State = 'Present', [string[]] $UsedBy)

    @{
        type = 'result'; image = $Image; imageId = 'sha256:' + 'ab' * 32; state = $State; format = 'raw'; path = "/var/lib/images/$Image.raw"
        virtualSize = 20GB; allocatedSize = 2GB; sharedSize = 1536MB; lastUsed = '2025-03-01T12:30:00Z'; published = '2025-02-01T08:00:00Z'; usedBy = $UsedBy
    }
}

function Get-WhatIf {
    <# .SYNOPSIS
        What -WhatIf says on the host's screen; the command gives out nothing. #>
    param([Parameter(Mandatory)] [scriptblock] $Command)

    $file = Join-Path $TestDrive "whatif-$([guid]::NewGuid()).txt"
    Start-Transcript $file | Out-Null
    try {
        & $Command | Should -BeNullOrEmpty
    }
    finally {
        Stop-Transcript | Out-Null
    }
    Get-Content $file -Raw
}

# The text of what a guest is told; requests carry it in base 64.
function Get-Text([string] $Base64) {
    [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Base64))
}
