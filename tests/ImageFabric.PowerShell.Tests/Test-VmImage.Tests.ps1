BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Test-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $disk = Join-Path $TestDrive 'disk.qcow2'
        Set-Content $disk 'disk'
        Set-EngineAnswer test @{ type = 'result'; path = $disk; format = 'qcow2'; virtualSize = 2GB; fileSize = 600MB; allocatedSize = 1GB }
    }

    It 'says what a good file is' {
        $test = Test-VmImage $disk

        $test.Passed, $test.Path, $test.Format, $test.VirtualSize, $test.FileSize, $test.AllocatedSize | Should -Be $true, $disk, 'qcow2', 2GB, 600MB, 1GB
        $test.ErrorId, $test.Message | Should -Be $null, $null
        (Get-EngineRequest test).source | Should -Be $disk
    }

    It 'has as its result, not as an error, that a file is refused: <_>' -ForEach 'FormatNotSupported', 'FormatFeatureNotSupported', 'ImageCorrupt', 'ForeignReference', 'ImageTooLarge', 'ImageEmpty' {
        Set-EngineAnswer test (Get-ErrorAnswer $_ SecurityError -Message 'It refers to base.qcow2.')

        $test = Test-VmImage $disk -ErrorAction Stop

        $test.Passed, $test.Path, $test.ErrorId, $test.Message, $test.RecommendedAction | Should -Be $false, $disk, $_, 'It refers to base.qcow2.', 'Do it otherwise.'
        $test.VirtualSize | Should -BeNullOrEmpty
    }

    It 'says how the disk is divided and how it boots, and what one should know' {
        Set-EngineAnswer test @{
            type = 'result'; path = $disk; format = 'qcow2'; subformat = 'v3'; virtualSize = 2GB; fileSize = 600MB; allocatedSize = 1GB; sectorSize = 512
            partitionTable = 'GPT'; bootMode = 'BIOS+UEFI'; issues = @(@{ id = 'SnapshotsIgnored'; message = 'It has snapshots.' })
        }

        $test = Test-VmImage $disk

        $test.Subformat, $test.SectorSize, $test.PartitionTable, $test.BootMode | Should -Be 'v3', 512, 'GPT', 'BIOS+UEFI'
        $test.Issues.Id, $test.Issues.Severity, $test.Issues.Message | Should -Be 'SnapshotsIgnored', 'Notice', 'It has snapshots.'
        $lines = @($test | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'Passed +Format +Table +Boot +Size +File +Path +Issues'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }

    It 'names the error and its place among the issues' {
        $refusal = Get-ErrorAnswer ImageCorrupt InvalidData
        $refusal.offset = 4096
        Set-EngineAnswer test $refusal
        $issue = (Test-VmImage $disk).Issues
        $issue.Id, $issue.Severity, $issue.Offset, $issue.RecommendedAction | Should -Be 'ImageCorrupt', 'Error', 4096, 'Do it otherwise.'
    }

    It 'tests against the settings of a store, each parameter before them' {
        Register-VmImageStore lab s3://images -SkipTest -MaximumVirtualSize 1TB -AllowedFormat qcow2, vhdx -MinimumSectorSize 512
        $null = Test-VmImage $disk -Store lab -MaximumVirtualSize 2TB -MaximumFileSize 5GB
        $policy = (Get-EngineRequest test).policy
        $policy.maximumVirtualSize, $policy.maximumFileSize, $policy.minimumSectorSize, $policy.maximumSectorSize | Should -Be 2TB, 5GB, 512, $null
        $policy.allowedFormats | Should -Be 'qcow2', 'vhdx'
    }

    It 'tests a file elsewhere by its address' {
        $null = Test-VmImage https://example.org/disk.qcow2
        (Get-EngineRequest test).source | Should -Be 'https://example.org/disk.qcow2'
    }

    It 'has no limits of its own' {
        $null = Test-VmImage $disk
        (Get-EngineRequest test).policy | Should -BeNullOrEmpty
    }

    It 'has it as an error that a file cannot be read' {
        Set-EngineAnswer test (Get-ErrorAnswer FileUnreadable ReadError)

        Test-VmImage $disk -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileUnreadable,ImageFabric.*'
        $problem[0].TargetObject | Should -Be $disk
    }

    It 'tests every file a wildcard matches, and files from the pipeline' {
        Set-Content (Join-Path $TestDrive 'other.qcow2') 'other'

        @(Test-VmImage "$TestDrive/*.qcow2").Count | Should -Be 2
        @(Get-ChildItem $TestDrive -Filter *.qcow2 | Test-VmImage).Count | Should -Be 2
    }

    It 'goes on after a path that is not there' {
        $test = Test-VmImage (Join-Path $TestDrive 'nosuch'), $disk -ErrorVariable problem -ErrorAction SilentlyContinue

        $test.Path | Should -Be $disk
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,ImageFabric.*'
    }

    Context 'of published images' {
        It 'has the engine read them back, and says what is damaged as a result and an error' {
            Set-EngineAnswer verify @(
                @{ type = 'result'; name = 'a'; version = '1'; imageId = 'sha256:ab'; chunksVerified = 7; packsVerified = 2; bytesFetched = 5MB; durationSeconds = 1.5 }
                @{ type = 'result'; name = 'b'; version = '1'; imageId = 'sha256:cd'; damaged = @(@{ key = 'packs/x'; damage = 'PackCorrupt'; message = 'Bad.' }) }
                Get-ErrorAnswer PackCorrupt InvalidData packs/x)
            $found = Test-VmImage -Deep '*:1' -Store s3://images -ErrorVariable problem -ErrorAction SilentlyContinue

            (Get-EngineRequest verify).image, (Get-EngineRequest verify).store.uri | Should -Be '*:1', 's3://images'
            $found.Image | Should -Be 'a:1', 'b:1'
            $found.Intact | Should -Be $true, $false
            $found[0].ChunksVerified, $found[0].PacksVerified, $found[0].BytesRead, $found[0].Duration.TotalSeconds | Should -Be 7, 2, 5MB, 1.5
            $found[1].Damage[0].Key, $found[1].Damage[0].ErrorId, "$($found[1].Damage)" | Should -Be 'packs/x', 'PackCorrupt', 'PackCorrupt: packs/x'
            $problem.FullyQualifiedErrorId | Should -BeLike 'PackCorrupt,ImageFabric.*'
            $lines = @($found | Out-String -Width 120 -Stream | Where-Object { $_ })
            $lines[0] | Should -Match 'Image +Intact +Chunks +Packs +Read +Duration +Damage'
            $lines[3] | Should -Match 'b:1 +False.*PackCorrupt: packs/x'
        }

        It 'takes images from Get-VmImage' {
            Set-EngineAnswer list (Get-ImageAnswer ubuntu 1), (Get-ImageAnswer ubuntu 2)
            Set-EngineAnswer verify @()
            $null = Get-VmImage | Test-VmImage -Deep
            (Get-EngineRequest verify).image | Should -Be 'ubuntu:1', 'ubuntu:2'
        }
    }
}
