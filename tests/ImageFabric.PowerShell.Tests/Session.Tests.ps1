# Hosts that a PSSession leads to: a process beside this one, spoken to as any remote PowerShell is, and a host of the testbed over SSH.

BeforeDiscovery {
    $noPSSession = -not [System.Management.Automation.Runspaces.PSSession].GetMethod('Create')
    $noEngine = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric'))
    $noTestbed = $noEngine -or -not $env:IMAGEFABRIC_TEST_ENDPOINT
}

Describe 'A host behind a PSSession' -Skip:$noPSSession {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $directoryBefore = $env:IMAGEFABRIC_ENGINE_DIRECTORY
        $env:IMAGEFABRIC_ENGINE_DIRECTORY = Join-Path $TestDrive 'engines'

        function Open-Session {
            $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateOutOfProcessRunspace($null)
            $runspace.Open()
            [System.Management.Automation.Runspaces.PSSession]::Create($runspace, 'Process', $null)
        }
    }

    AfterAll {
        $env:IMAGEFABRIC_ENGINE_DIRECTORY = $directoryBefore
    }

    AfterEach {
        $session | ForEach-Object { $_.Runspace.Dispose() }
    }

    Context 'with an engine that says what it is told' {
        BeforeEach {
            # Where the host looks for this engine by its digest: so it is there already, with its answers.
            $program = [System.Text.Encoding]::UTF8.GetBytes($FakeEngineProgram.Replace("`r", ''))
            $digest = [System.BitConverter]::ToString([System.Security.Cryptography.SHA256]::HashData($program)).Replace('-', '').ToLowerInvariant()
            $env:IMAGEFABRIC_ENGINE_DIRECTORY = Join-Path $TestDrive ([guid]::NewGuid())
            Initialize-FakeEngine (Join-Path $env:IMAGEFABRIC_ENGINE_DIRECTORY $digest)
            Set-EngineAnswer grant (Get-ImageAnswer) -Stays
            Set-EngineAnswer pull (Get-PullAnswer)
            Set-EngineAnswer vm-list (Get-VmAnswer "w$([char] 0xe9)b-$([char] 0x65e5)$([char] 0x672c)")
            $session = Open-Session
        }

        It 'syncs, and says by which session' {
            $sync = Sync-VmImage ubuntu -Session $session
            $sync.Status, $sync.HostName, $sync.Path | Should -Be 'Synced', $session.ComputerName, '/var/lib/images/ubuntu.raw'
            [object]::ReferenceEquals($sync.Session, $session) | Should -BeTrue
        }

        It 'is reached by the same session when its results are piped on' {
            Set-EngineAnswer vm-create (Get-VmAnswer)
            $vm = Sync-VmImage ubuntu -Session $session | New-VmFromImage -Name web01
            $vm.Name, $vm.Session.Id | Should -Be 'web01', $session.Id
        }

        It 'is spoken to in every language' {
            (Get-VmFromImage -Session $session).Name | Should -Be "w$([char] 0xe9)b-$([char] 0x65e5)$([char] 0x672c)"
        }

        It 'works beside others, each in its own session' {
            $session = @($session) + (Open-Session)
            (Sync-VmImage ubuntu -Session $session).Status | Should -Be 'Synced', 'Synced'
        }

        It 'takes one request at a time over one session, however many are asked' {
            (Sync-VmImage ubuntu -Session $session, $session, $session).Status | Should -Be 'Synced', 'Synced', 'Synced'
        }

        It 'fails with the error of its engine' {
            $sync = Sync-VmImage ubuntu -Session $session -ImageDirectory fails -ErrorVariable problem -ErrorAction SilentlyContinue
            $sync.Status | Should -Be 'Failed'
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostDiskFull,ImageFabric.*'
            $problem[0].TargetObject | Should -Be $session.ComputerName
        }

        It 'fails alone when its session is closed' {
            $closed = Open-Session
            $closed.Runspace.Close()
            $sync = Sync-VmImage ubuntu -Session $closed, $session -ErrorVariable problem -ErrorAction SilentlyContinue
            $sync.Status | Sort-Object | Should -Be 'Failed', 'Synced'
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostUnreachable,ImageFabric.*'
        }

        It 'is left without an engine by Ctrl+C, and can be used again' {
            $running = Start-Session 'Sync-VmImage' @{ Image = 'ubuntu'; Session = $session; ImageDirectory = 'hangs' } -UntilRequest pull
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            $running.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 4
            $running.Dispose()
            Start-Sleep -Milliseconds 500
            Get-LivingEngine | Should -BeNullOrEmpty
            (Sync-VmImage ubuntu -Session $session).Status | Should -Be 'Synced'
        }
    }

    Context 'without an engine' -Skip:$noEngine {
        It 'gets it once, takes the image from the store, and checks it' {
            Initialize-RealEngine (Join-Path $TestDrive 'real')
            $env:IMAGEFABRIC_ENGINE_DIRECTORY = Join-Path $TestDrive 'engines'
            $session = Open-Session
            $disk = Join-Path $TestDrive 'disk.raw'
            $bytes = [byte[]]::new(3MB)
            [System.Random]::new(7).NextBytes($bytes)
            [System.IO.File]::WriteAllBytes($disk, $bytes)
            $null = Publish-VmImage $disk -Name small -Version 1
            $images = Join-Path $TestDrive 'host'

            $sync = Sync-VmImage small:1 -Session $session -ImageDirectory $images
            $sync.Status | Should -Be 'Synced'
            (Get-FileHash $sync.Path).Hash | Should -Be (Get-FileHash $disk).Hash
            $engine = Get-ChildItem $env:IMAGEFABRIC_ENGINE_DIRECTORY -Recurse -File
            $engine.Name | Should -Be 'imagefabric'
            (Get-FileHash $engine).Hash | Should -Be $engine.Directory.Name

            (Sync-VmImage small:1 -Session $session -ImageDirectory $images).Status | Should -Be 'AlreadyPresent'
            (Get-Item $engine).LastWriteTimeUtc | Should -Be $engine.LastWriteTimeUtc
            ($sync | Test-VmHostImage -WarningAction SilentlyContinue).Intact | Should -BeTrue
        }
    }
}

Describe 'A host behind a PSSession over SSH' -Tag Integration -Skip:$noTestbed {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $variables = 'IMAGEFABRIC_ENGINE', 'IMAGEFABRIC_STORE', 'IMAGEFABRIC_ENDPOINT', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'
        $before = @{}
        $variables | ForEach-Object { $before[$_] = [Environment]::GetEnvironmentVariable($_) }
        Initialize-RealEngine (Join-Path $TestDrive 'ssh')
        $address = @(-split $env:IMAGEFABRIC_TEST_HOSTS)[0]
        $name = @(-split $env:IMAGEFABRIC_TEST_HOST_NAMES)[0]
        $directory = "/var/lib/libvirt/images/session-$([guid]::NewGuid().ToString('N'))"
        $machine = "session-$([guid]::NewGuid().ToString('N').Substring(0, 8))"
        Register-VmImageStore testbed "s3://$env:IMAGEFABRIC_TEST_BUCKET/session-$([guid]::NewGuid().ToString('N'))" -Endpoint $env:IMAGEFABRIC_TEST_ENDPOINT -Default
        $null = Publish-VmImage $env:IMAGEFABRIC_TEST_IMAGE_V1 -Name tiny -Version 1.0

        function Open-SshSession {
            New-PSSession -HostName $address -UserName root -KeyFilePath $env:IMAGEFABRIC_TEST_SSH_KEY -Options @{
                UserKnownHostsFile = $env:IMAGEFABRIC_TEST_KNOWN_HOSTS; StrictHostKeyChecking = 'yes'
            }
        }

        function Invoke-OnHost([string] $Command) {
            ssh -F $env:IMAGEFABRIC_TEST_SSH_CONFIG $name $Command
        }

        $session = Open-SshSession
    }

    AfterAll {
        Get-VmFromImage "$machine*" -Session $session -ImageDirectory $directory -ErrorAction Ignore | Remove-VmFromImage -Force -Confirm:$false
        Invoke-OnHost "rm -rf $directory"
        Remove-PSSession $session
        $variables | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
    }

    It 'gets the image from the store and a machine from the image, and gives the machine up' {
        $sync = Sync-VmImage tiny:1.0 -Session $session -ImageDirectory $directory
        $sync.Status, $sync.HostName | Should -Be 'Synced', $session.ComputerName
        $raw = [System.IO.Path]::ChangeExtension($env:IMAGEFABRIC_TEST_IMAGE_V1, '.raw')
        -split (Invoke-OnHost "sha256sum $($sync.Path)") | Select-Object -First 1 | Should -Be (Get-FileHash $raw).Hash

        $vm = $sync | New-VmFromImage -Name $machine -Memory 256MB -Network none -WarningAction SilentlyContinue
        $vm.Name, $vm.State, $vm.Image | Should -Be $machine, 'Off', 'tiny:1.0'
        Invoke-OnHost "virsh list --all --name" | Should -Contain $machine
        Get-VmFromImage $machine -Session $session -ImageDirectory $directory | Remove-VmFromImage -Confirm:$false
        Invoke-OnHost "virsh list --all --name" | Should -Not -Contain $machine
    }

    # A session that is removed, and not a connection that breaks: when that happens while PowerShell 7 sends, it ends its own process.
    It 'is said to be lost when its session is removed in mid-sync, keeps no process and no half image, and goes on in another session' {
        Invoke-OnHost "rm -rf $directory"
        $other = Open-SshSession
        & (Join-Path $PSScriptRoot '../testbed/shape.sh') $env:IMAGEFABRIC_TESTBED $name 4mbit
        try {
            $running = Start-Session 'Sync-VmImage' @{ Image = 'tiny:1.0'; Session = $other; ImageDirectory = $directory } -UntilTrue {
                Invoke-OnHost "find $directory/partial -type f -size +0 2>/dev/null"
            }
            Remove-PSSession $other
            $deadline = [datetime]::UtcNow.AddSeconds(20)
            while ($running.InvocationStateInfo.State -eq 'Running' -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
            $running.InvocationStateInfo.State | Should -Be 'Completed'
        }
        finally {
            & (Join-Path $PSScriptRoot '../testbed/shape.sh') $env:IMAGEFABRIC_TESTBED $name off
        }

        $running.Streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'HostUnreachable,ImageFabric.*'
        $running.Streams.Error[0].TargetObject | Should -Be $other.ComputerName
        "$($running.Streams.Error[0])" | Should -Match '^The session .*lost'
        $running.Streams.Error[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        $running.Dispose()
        Invoke-OnHost 'for i in $(seq 100); do pgrep -f "[i]magefabric serve" >/dev/null || exit 0; sleep 0.1; done; pgrep -af "[i]magefabric serve"' | Should -BeNullOrEmpty
        Invoke-OnHost "find $directory/images -type f 2>/dev/null" | Should -BeNullOrEmpty
        (Sync-VmImage tiny:1.0 -Session $session -ImageDirectory $directory).Status | Should -Be 'Synced'
    }
}
