BeforeDiscovery {
    $noSsh = -not (Get-Command ssh -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Sync-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer grant (Get-ImageAnswer) -Stays
        Set-EngineAnswer pull (Get-PullAnswer)
    }

    AfterEach {
        Get-LivingEngine | Should -BeNullOrEmpty
    }

    It 'takes formats in any case, and refuses others before any host is asked' {
        $null = Sync-VmImage ubuntu:latest -Store s3://images -DiskFormat QCOW2
        (Get-EngineRequest pull).format | Should -BeExactly 'qcow2'
        Sync-VmImage ubuntu:latest -Store s3://images -DiskFormat tape -WhatIf -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,*'
    }

    It 'brings an image to this machine when no host is named' {
        $sync = Sync-VmImage ubuntu -Store s3://images

        $sync.GetType().FullName | Should -Be 'ImageFabric.PowerShell.VmImageSync'
        $sync.HostName, $sync.Host, $sync.Image, $sync.ImageId, $sync.Status | Should -Be 'localhost', 'localhost', 'ubuntu:24.04.3', ('sha256:' + 'ab' * 32), 'Synced'
        $sync.BytesFetched, $sync.BytesReused, $sync.Path, $sync.Format, $sync.Store | Should -Be 300MB, 700MB, '/var/lib/images/ubuntu.raw', 'raw', 's3://images'
        $sync.Duration | Should -BeOfType ([timespan])
    }

    It 'keeps the store from the host: a pull knows the image only' {
        $null = Sync-VmImage ubuntu:latest -Store s3://images -DiskFormat qcow2 -ImageDirectory /srv/images

        (Get-EngineRequest grant).image, (Get-EngineRequest grant).store.uri | Should -Be 'ubuntu:latest', 's3://images'
        $pull = Get-EngineRequest pull
        $pull.image.version, $pull.format, $pull.imageDirectory | Should -Be '24.04.3', 'qcow2', '/srv/images'
        $pull.PSObject.Properties.Name | Should -Not -Contain 'store'
    }

    It 'has hosts take part in a fan-out when that is asked for' {
        (Sync-VmImage ubuntu -FanOut -ErrorAction SilentlyContinue).Status | Should -Be 'Synced'
        (Get-EngineRequest pull).fanOut.token | Should -Match '^[0-9a-f]{64}$'
    }

    It 'names no fan-out otherwise' {
        $null = Sync-VmImage ubuntu
        (Get-EngineRequest pull).PSObject.Properties.Name | Should -Not -Contain 'fanOut'
    }

    It 'holds each host to a bandwidth when that is asked for' {
        $null = Sync-VmImage ubuntu -BandwidthLimit 20MB
        (Get-EngineRequest pull).bandwidthLimit | Should -Be 20971520
        { Sync-VmImage ubuntu -BandwidthLimit 1KB } | Should -Throw -ErrorId 'ParameterArgumentValidationError,ImageFabric.PowerShell.SyncVmImageCommand'
    }

    It 'refuses a tunnel to a store that is a directory' {
        { Sync-VmImage ubuntu -Store $TestDrive -Tunnel -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,ImageFabric.PowerShell.SyncVmImageCommand'
    }

    It 'refuses a cache whose address is none' {
        { Sync-VmImage ubuntu -Store s3://images -CacheEndpoint 'cache' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,ImageFabric.PowerShell.SyncVmImageCommand'
    }

    It 'says that nothing had to be brought' {
        Set-EngineAnswer pull (Get-PullAnswer AlreadyPresent)
        (Sync-VmImage ubuntu).Status | Should -Be 'AlreadyPresent'
    }

    It 'takes hosts from the pipeline and asks the store once for all of them' {
        $sync = 'localhost', '.', 'localhost' | Sync-VmImage ubuntu

        $sync.Status | Should -Be 'Synced', 'Synced', 'Synced'
        @(Get-EngineRequest grant).Count | Should -Be 1
        @(Get-EngineRequest pull).Count | Should -Be 3
    }

    It 'takes hosts from the pipeline by property name, each with its own connection' {
        $hosts = [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = '/a'; Options = @{ Compression = $true } },
        [pscustomobject] @{ HostName = '.'; ImageDirectory = '/b' }

        $sync = $hosts | Sync-VmImage ubuntu | Sort-Object ImageDirectory

        $sync.ImageDirectory | Should -Be '/a', '/b'
        $sync[0].Options.Compression | Should -BeTrue
        (Get-EngineRequest pull).imageDirectory | Sort-Object | Should -Be '/a', '/b'
    }

    It 'fails a host with one result and one error, and not the others' {
        $hosts = [pscustomobject] @{ HostName = '.'; ImageDirectory = 'fails' }, [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' }

        $sync = $hosts | Sync-VmImage ubuntu -ErrorVariable problem -ErrorAction SilentlyContinue | Sort-Object Status

        $sync.Status | Should -Be 'Failed', 'Synced'
        $sync[0].HostName, $sync[0].Path | Should -Be '.', $null
        @($problem).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -Be 'HostDiskFull,ImageFabric.PowerShell.SyncVmImageCommand'
        $problem[0].CategoryInfo.Category, $problem[0].TargetObject | Should -Be 'WriteError', '.'
        $problem[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'fails a host that SSH cannot reach' -Skip:$noSsh {
        $sync = '127.0.0.1:1', 'localhost' | Sync-VmImage ubuntu -ErrorVariable problem -ErrorAction SilentlyContinue | Sort-Object Status

        $sync.Status | Should -Be 'Failed', 'Synced'
        $sync[0].HostName, $sync[0].Port | Should -Be '127.0.0.1', 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostUnreachable,ImageFabric.*'
        $problem[0].TargetObject | Should -Be '127.0.0.1'
    }

    It 'says that a host''s name is none, and goes on' {
        $sync = 'a;b', 'localhost' | Sync-VmImage ubuntu -ErrorVariable problem -ErrorAction SilentlyContinue

        $sync.HostName | Should -Be 'localhost'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,ImageFabric.*'
        $problem[0].TargetObject | Should -Be 'a;b'
    }

    It 'says once that the image is not there, whatever the number of hosts' {
        Set-EngineAnswer grant (Get-ErrorAnswer ImageNotFound -Target 'x')

        '.', 'localhost' | Sync-VmImage nosuch -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty

        @($problem).Count | Should -Be 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageNotFound,ImageFabric.*'
        $problem[0].TargetObject | Should -Be 'nosuch'
    }

    It 'takes images from the pipeline' {
        Set-EngineAnswer list (Get-ImageAnswer)
        $null = Get-VmImage -Store s3://images | Sync-VmImage -HostName localhost

        (Get-EngineRequest grant).image, (Get-EngineRequest grant).store.uri | Should -Be 'ubuntu:24.04.3', 's3://images'
    }

    It 'takes no image from the pipeline for the name of a host' {
        Set-EngineAnswer list (Get-ImageAnswer)
        (Get-VmImage | Sync-VmImage).HostName | Should -Be 'localhost'
        ([pscustomobject] @{ Image = 'ubuntu' } | Sync-VmImage).HostName | Should -Be 'localhost'
    }

    It 'shows the plan in bytes and sends nothing to a host with -WhatIf' {
        Get-WhatIf { '.', 'localhost' | Sync-VmImage ubuntu -WhatIf } |
            Should -BeLike '*"Sync ubuntu:24.04.3 (at most 500 MB to fetch)" on target "localhost"*'
        Get-EngineRequest pull | Should -BeNullOrEmpty
    }

    It 'gives out each host when it is done, while others work' {
        $session = Start-Session 'Sync-VmImage' @{ Image = 'ubuntu' } -InputObject @(
            [pscustomobject] @{ HostName = '.'; ImageDirectory = 'hangs' }
            [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' }
        ) -UntilOutput

        $session.InvocationStateInfo.State | Should -Be 'Running'
        @(Get-LivingEngine).Count | Should -BeGreaterThan 0
        $session.Stop()
        $session.InvocationStateInfo.State | Should -Be 'Stopped'
        $session.Dispose()
    }

    It 'shows the progress of each host under that of all' {
        Set-EngineAnswer pull (Get-PullAnswer) -First @{ type = 'progress'; activity = 'Fetching'; bytesDone = 150MB; bytesTotal = 300MB }
        $session = Start-Session 'Sync-VmImage' @{ Image = 'ubuntu'; HostName = '.', 'localhost' }
        $shown = $session.Streams.Progress
        $session.Dispose()

        $fleet = @($shown | Where-Object ActivityId -EQ 0)
        $fleet[0].Activity, $fleet[0].ParentActivityId | Should -Be 'Sync-VmImage', -1
        $fleet.StatusDescription | Should -Contain '0 of 2 done'
        $fleet.PercentComplete | Sort-Object | Select-Object -Last 1 | Should -BeGreaterOrEqual 50
        $fleet[-1].RecordType | Should -Be 'Completed'
        $hosts = @($shown | Where-Object ActivityId -NE 0)
        $hosts.Activity | Sort-Object -Unique | Should -Be 'Syncing ubuntu:24.04.3 to .', 'Syncing ubuntu:24.04.3 to localhost'
        $hosts.ParentActivityId | Sort-Object -Unique | Should -Be 0
        $hosts.StatusDescription | Should -Contain 'Fetching: 150 MB of 300 MB'
        ($hosts | Where-Object RecordType -EQ 'Completed').Count | Should -Be 2
    }

    It 'starts on a host as soon as it comes down the pipeline' {
        $started = & {
            '.'
            $deadline = [datetime]::UtcNow.AddSeconds(20)
            while (-not (Get-EngineRequest pull) -and [datetime]::UtcNow -lt $deadline) {
                Start-Sleep -Milliseconds 50
            }
            $script:pulls = @(Get-EngineRequest pull).Count
            'localhost'
        } | Sync-VmImage ubuntu

        $script:pulls | Should -Be 1
        $started.HostName | Sort-Object | Should -Be '.', 'localhost'
    }

    It 'works on no more hosts at once than it may' {
        $session = Start-Session 'Sync-VmImage' @{ Image = 'ubuntu'; ThrottleLimit = 1 } -InputObject @(
            [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' }
            [pscustomobject] @{ HostName = '.'; ImageDirectory = 'hangs' }
            [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'never' }
        ) -UntilOutput
        $session.Stop()

        @(Get-EngineRequest pull).imageDirectory | Should -Not -Contain 'never'
        $session.Dispose()
    }

    It 'gives up a host that takes too long' {
        $sync = Sync-VmImage ubuntu -HostName . -ImageDirectory hangs -TimeoutSec 1 -ErrorVariable problem -ErrorAction SilentlyContinue

        $sync.Status | Should -Be 'Failed'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostTimeout,ImageFabric.*'
    }

    It 'completes hosts that the user''s SSH knows' -Skip:($IsWindows) {
        $before = $env:HOME
        try {
            $env:HOME = $TestDrive
            $null = New-Item -ItemType Directory (Join-Path $TestDrive '.ssh')
            Set-Content (Join-Path $TestDrive '.ssh/config') 'Host kvm01 kvm02', '  User root', 'Host *.example !x'
            Set-Content (Join-Path $TestDrive '.ssh/known_hosts') 'kvm03,192.0.2.3 ssh-ed25519 AAAA', '|1|hashed= ssh-ed25519 AAAA', '[kvm04]:2222 ssh-ed25519 AAAA'
            $line = 'Sync-VmImage ubuntu -HostName k'
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'kvm01', 'kvm02', 'kvm03'
        }
        finally {
            $env:HOME = $before
        }
    }

    It 'shows human sizes in a table within 120 columns' {
        $lines = @(Sync-VmImage ubuntu | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[2] | Should -Match 'localhost +ubuntu:24\.04\.3 +Synced +300 MB +700 MB +\d+[.,]\d s +/var/lib'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
