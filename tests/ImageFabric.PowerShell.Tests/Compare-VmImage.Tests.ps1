BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $compared = @{
        type = 'result'; reference = 'ubuntu:1'; difference = 'ubuntu:2'; referenceId = 'sha256:' + 'ab' * 32; differenceId = 'sha256:' + 'cd' * 32
        sharedBytes = 1GB; newBytes = 200MB; removedBytes = 100MB; bytesToFetch = 90MB
    }
}

Describe 'Compare-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer compare $compared
    }

    It 'says what two images share and what is new' {
        $found = Compare-VmImage ubuntu:1 ubuntu:2 -Store s3://images

        $found.ReferenceImage, $found.DifferenceImage, $found.SameContent | Should -Be 'ubuntu:1', 'ubuntu:2', $false
        $found.SharedBytes, $found.NewBytes, $found.RemovedBytes, $found.BytesToFetch | Should -Be 1GB, 200MB, 100MB, 90MB
        $asked = Get-EngineRequest compare
        $asked.reference, $asked.difference, $asked.store.uri | Should -Be 'ubuntu:1', 'ubuntu:2', 's3://images'
        $asked.PSObject.Properties.Name | Should -Not -Contain 'differenceStore'
    }

    It 'compares with an image of another store' {
        $null = Compare-VmImage ubuntu:1 ubuntu:2 -Store s3://images -DifferenceStore s3://archive
        (Get-EngineRequest compare).differenceStore.uri | Should -Be 's3://archive'
    }

    It 'takes images from Get-VmImage' {
        Set-EngineAnswer list (Get-ImageAnswer ubuntu 2), (Get-ImageAnswer ubuntu 3)
        @(Get-VmImage ubuntu | Compare-VmImage ubuntu:1).Count | Should -Be 2
        (Get-EngineRequest compare).difference | Should -Be 'ubuntu:2', 'ubuntu:3'
    }

    It 'goes on after an image that is not there' {
        Set-EngineAnswer compare (Get-ErrorAnswer ImageNotFound)
        Compare-VmImage ubuntu:1 nosuch, neither -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.TargetObject | Should -Be 'nosuch', 'neither'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageNotFound,ImageFabric.*'
    }

    It 'completes images' {
        Set-EngineAnswer list (Get-ImageAnswer)
        $line = 'Compare-VmImage ubu'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'ubuntu:24.04.3'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Compare-VmImage ubuntu:1 ubuntu:2 | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'ReferenceImage +DifferenceImage +Shared +New +Removed +Fetch'
        $lines[2] | Should -Match 'ubuntu:1 +ubuntu:2 +1 GB +200 MB +100 MB +90 MB'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
