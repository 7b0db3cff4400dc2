# The script for a first run on real Windows, run on hosts of the testbed that are like Windows as far as it goes.

BeforeDiscovery {
    $noEngine = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/win-x64/imagefabric.exe'))
    $noWindows = $noEngine -or -not $env:IMAGEFABRIC_TEST_ENDPOINT -or -not $env:IMAGEFABRIC_TEST_WINDOWS_HOSTS
}

Describe 'The acceptance of a Hyper-V host' -Tag Integration -Skip:$noWindows {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $variables = 'IMAGEFABRIC_ENGINE', 'IMAGEFABRIC_STORE', 'IMAGEFABRIC_ENDPOINT', 'IMAGEFABRIC_SSH_CONFIG', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'
        $before = @{}
        $variables | ForEach-Object { $before[$_] = [Environment]::GetEnvironmentVariable($_) }
        Initialize-RealEngine (Join-Path $TestDrive 'acceptance')
        $env:IMAGEFABRIC_SSH_CONFIG = $env:IMAGEFABRIC_TEST_SSH_CONFIG
        $env:IMAGEFABRIC_ENDPOINT = $env:IMAGEFABRIC_TEST_ENDPOINT
        $env:IMAGEFABRIC_STORE = "s3://$env:IMAGEFABRIC_TEST_BUCKET/acceptance-$([guid]::NewGuid().ToString('N'))"
        $null = Publish-VmImage $env:IMAGEFABRIC_TEST_IMAGE_V1 -Name tiny -Version 1
        $script = Resolve-Path (Join-Path $PSScriptRoot '../HyperV.Acceptance.ps1')
        $byCmd, $byPowerShell = -split $env:IMAGEFABRIC_TEST_WINDOWS_HOSTS

        function Get-Drive([string] $Name) { Join-Path $env:IMAGEFABRIC_TEST_HOST_DIR "$Name/prefix/drive_c" }

        # The address that every guest of a host tells; the switches that it has.
        function Set-StandIn([string] $Name, [string] $Address, [string[]] $Switch = 'Default Switch') {
            $folder = New-Item -ItemType Directory -Force (Join-Path (Get-Drive $Name) 'ProgramData/Hyper-V stand-in')
            @{ machines = @(); switches = $Switch; service = 'Running'; address = $Address } | ConvertTo-Json | Set-Content (Join-Path $folder 'state.json')
        }
    }

    AfterAll {
        $byCmd, $byPowerShell | Where-Object { $_ } | ForEach-Object { Set-StandIn -Name $_ -Address '' }
        $variables | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
    }

    It 'holds in every line that the stand-in for Hyper-V can show, says why it skips the others, and leaves nothing' {
        Set-StandIn -Name $byCmd -Address '192.0.2.7'
        $report = & $script -HostName $byCmd -Image tiny:1
        $LASTEXITCODE | Should -Be 0
        $report | Where-Object Status -eq 'Failed' | ForEach-Object { "$($_.Check): $($_.Message)" } | Should -BeNullOrEmpty
        $skipped = $report | Where-Object Status -eq 'Skipped'
        $skipped.Check | Should -Be 'OtherShell', 'Access', 'BlockClone'
        $skipped.Message | Should -BeLike 'the stand-in for Hyper-V cannot show it: *'
        ($report | Where-Object Status -eq 'Passed').Check |
            Should -Be 'Reach', 'Hypervisor', 'Engine', 'Kill', 'Dynamic', 'Linked', 'Address', 'Chain', 'Remove', 'Full', 'Refusals', 'Generation1', 'Fixed', 'KillMachine', 'Clean'
        $report[0].Message | Should -BeLike 'by cmd; *'
        ($report | Where-Object Check -eq 'Address').Message | Should -Be '192.0.2.7'
        Join-Path (Get-Drive $byCmd) 'ProgramData/ifab-acceptance' | Should -Not -Exist
    }

    It 'reports through a session a switch that is missing, and what therefore was not looked at' {
        Set-StandIn -Name $byPowerShell -Switch 'Default Switch'
        $address = (ssh -F $env:IMAGEFABRIC_TEST_SSH_CONFIG -G $byPowerShell) -match '^hostname ' -replace '^hostname '
        $session = New-PSSession -HostName $address -UserName root -KeyFilePath $env:IMAGEFABRIC_TEST_SSH_KEY -Options @{ UserKnownHostsFile = $env:IMAGEFABRIC_TEST_KNOWN_HOSTS }
        try {
            $report = & $script -Session $session -Image tiny:1 -Network lan -Check Remove
        }
        finally {
            $session | Remove-PSSession
        }
        $LASTEXITCODE | Should -Be 1
        $report[0].Message | Should -BeLike 'by a session; *'
        $report | ForEach-Object { "$($_.Check) $($_.Status)" } |
            Should -Be 'Reach Passed', 'Hypervisor Passed', 'Dynamic Passed', 'Linked Failed', 'Chain Skipped', 'Remove Skipped', 'Clean Passed'
        ($report | Where-Object Status -eq 'Failed').Message | Should -BeLike "*no virtual switch 'lan'*"
        ($report | Where-Object Check -eq 'Chain').Message | Should -Be 'it needs Linked, which did not pass'
    }

    It 'reports a host without the module of Hyper-V' {
        $module = Join-Path (Get-Drive $byPowerShell) 'windows/system32/WindowsPowerShell/v1.0/Modules/Hyper-V'
        Rename-Item $module 'Hyper-V.away'
        try {
            $report = & $script -HostName $byPowerShell -Image tiny:1 -Check Engine
            $LASTEXITCODE | Should -Be 1
            $report | ForEach-Object { "$($_.Check) $($_.Status)" } | Should -Be 'Reach Passed', 'Hypervisor Failed', 'Engine Skipped', 'Clean Skipped'
            $report[0].Message | Should -BeLike 'by PowerShell; *'
            $report[1].Message | Should -BeLike 'Hypervisor: Hyper-V does not answer*'
        }
        finally {
            Rename-Item "$module.away" 'Hyper-V'
        }
    }

    It 'says of a session that leads elsewhere that this is no Windows host' -Skip:$IsWindows {
        $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateOutOfProcessRunspace($null)
        $runspace.Open()
        try {
            $report = & $script -Session ([System.Management.Automation.Runspaces.PSSession]::Create($runspace, 'Process', $null)) -Image tiny:1 -Check Reach
            $LASTEXITCODE | Should -Be 1
            $report[0].Status, $report[0].Message | Should -Be 'Failed', 'it is no Windows host'
        }
        finally {
            $runspace.Dispose()
        }
    }
}
