# Hosts that a PSSession leads to: here a process beside this one, spoken to as any remote PowerShell is.

BeforeDiscovery {
    $noPSSession = -not [System.Management.Automation.Runspaces.PSSession].GetMethod('Create')
    $noEngine = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric'))
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
