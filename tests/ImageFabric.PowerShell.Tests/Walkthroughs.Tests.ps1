# The walkthroughs are done exactly as they are written, block after block in one session, on a real store and real hosts; only the service's address is exchanged.

BeforeDiscovery {
    $noTestbed = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric')) -or -not $env:IMAGEFABRIC_TEST_ENDPOINT
}

Describe 'The walkthrough' -Tag Integration -Skip:$noTestbed {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $walkthroughs = (Resolve-Path (Join-Path $PSScriptRoot '../../docs/walkthroughs')).ProviderPath
        $variables = 'IMAGEFABRIC_ENGINE', 'IMAGEFABRIC_STORE', 'IMAGEFABRIC_ENDPOINT', 'IMAGEFABRIC_SSH_CONFIG', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME',
        'AWS_SHARED_CREDENTIALS_FILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'
        $before = @{}
        $variables | ForEach-Object { $before[$_] = [Environment]::GetEnvironmentVariable($_) }
        $work = New-Item -ItemType Directory (Join-Path $TestDrive 'work')
        Push-Location $work
        Copy-Item $env:IMAGEFABRIC_TEST_IMAGE_V1 ubuntu.qcow2
        Copy-Item $env:IMAGEFABRIC_TEST_IMAGE_V2 ubuntu-new.qcow2
        Set-Content web.yaml '#cloud-config', 'dhcp: true', 'stay: true'
        Set-Content hosts.csv 'HostName,UserName', 'kvm01,root', 'kvm02,root'
        Set-Content credentials '[lab]', "aws_access_key_id = $env:AWS_ACCESS_KEY_ID", "aws_secret_access_key = $env:AWS_SECRET_ACCESS_KEY"

        function Clear-Estate {
            'kvm01', 'kvm02' | Get-VmFromImage -UserName root | Remove-VmFromImage -Force -Confirm:$false
            'kvm01', 'kvm02' | Remove-VmHostImage * -UserName root -Confirm:$false
        }

        # What the page's blocks say, one after the other; the variables of one are there in the next.
        function Invoke-Walkthrough([string] $Page) {
            $blocks = [regex]::Matches((Get-Content -Raw (Join-Path $walkthroughs $Page)), '(?ms)^```powershell\r?\n(.*?)^```')
            $text = (-join $blocks.ForEach({ $_.Groups[1].Value })).Replace('https://s3.example.org', $env:IMAGEFABRIC_TEST_ENDPOINT).Replace('s3://images/fabric', "s3://$prefix")
            $ErrorActionPreference = 'Stop'
            . ([scriptblock]::Create($text))
        }
    }

    BeforeEach {
        Initialize-RealEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $env:IMAGEFABRIC_SSH_CONFIG = $env:IMAGEFABRIC_TEST_SSH_CONFIG
        $prefix = "$env:IMAGEFABRIC_TEST_BUCKET/walkthrough-$([guid]::NewGuid().ToString('N'))"
        # Only the profile knows the keys.
        $env:AWS_SHARED_CREDENTIALS_FILE = Join-Path $work 'credentials'
        $env:AWS_ACCESS_KEY_ID = $env:AWS_SECRET_ACCESS_KEY = $null
        Clear-Estate
    }

    AfterAll {
        if ($work) {
            Clear-Estate
            Pop-Location
            $variables | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
        }
    }

    It 'from nothing to a machine on two hosts ends with two machines that had addresses, in less than ten minutes' {
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        . Invoke-Walkthrough 'ten-minutes.md' | Out-Null
        $clock.Elapsed.TotalMinutes | Should -BeLessThan 10

        $machines.HostName | Sort-Object | Should -Be 'kvm01', 'kvm02'
        $machines.State | Should -Be 'Running', 'Running'
        $machines | ForEach-Object { $_.Addresses | Should -Not -BeNullOrEmpty }
        (Get-VmHostImage -HostName kvm01, kvm02 -UserName root).Image | Should -Be 'ubuntu-server:24.04.3', 'ubuntu-server:24.04.3'
        Get-VmFromImage -HostName kvm01, kvm02 -UserName root | Should -BeNullOrEmpty
    }

    It 'of the monthly update ends with machines of the new version, and moves only what is new' {
        Register-VmImageStore lab "s3://$prefix" -Endpoint $env:IMAGEFABRIC_TEST_ENDPOINT -Profile lab -Default
        $first = Publish-VmImage ./ubuntu.qcow2 -Name ubuntu-server -Version 24.04.3
        $null = 'kvm01', 'kvm02' | Sync-VmImage ubuntu-server -UserName root | New-VmFromImage -Name web01 -Memory 256MB

        $output = @(. Invoke-Walkthrough 'monthly-update.md')

        $published.BytesUploaded | Should -BeLessThan ($first.BytesUploaded / 4)
        $synced.Status | Should -Be 'Synced', 'Synced'
        $synced | ForEach-Object { $_.BytesReused | Should -BeGreaterThan $_.BytesFetched }
        $outdated.NewestImage | Should -Be 'ubuntu-server:24.04.4', 'ubuntu-server:24.04.4'
        $now = Get-VmFromImage -HostName kvm01, kvm02 -UserName root
        $now.Image | Should -Be 'ubuntu-server:24.04.4', 'ubuntu-server:24.04.4'
        # As they were when they had been started: the guest of the testbed powers off by itself.
        ($output | Where-Object { $_ -is [ImageFabric.PowerShell.VmFromImage] }).State | Should -Be 'Running', 'Running'
        $now.Memory | Should -Be 256MB, 256MB
        $now | Get-VmFromImage -Outdated | Should -BeNullOrEmpty
    }
}
