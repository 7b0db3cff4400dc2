BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')

    function Get-OptimizeAnswer([hashtable] $With = @{}) {
        $answer = @{
            type = 'result'; uri = 's3://images'; whatIf = $false; images = 3; storedObjects = 20; storedBytes = 300MB; reachableObjects = 12; reachableBytes = 200MB
            youngObjects = 1; youngBytes = 1MB; markedObjects = 2; markedBytes = 20MB; waitingObjects = 1; waitingBytes = 5MB; deletedObjects = 4; deletedBytes = 60MB
            leftoverObjects = 1; leftoverBytes = 4MB; repackedPacks = 1; repackedBytes = 6MB; bytesWritten = 7MB; imagesRewritten = 2; nextDue = '2025-03-01T12:30:00Z'
            complete = $true; durationSeconds = 1.5
        }
        foreach ($key in $With.Keys) {
            $answer[$key] = $With[$key]
        }
        $answer
    }
}

Describe 'Optimize-VmImageStore' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer optimize (Get-OptimizeAnswer)
    }

    It 'has the engine clean the store and reports in raw numbers' {
        $report = Optimize-VmImageStore s3://images

        $asked = Get-EngineRequest optimize
        $asked.store.uri, $asked.graceSeconds, $asked.repackBelowPercent | Should -Be 's3://images', 86400, 50
        $asked.whatIf | Should -BeFalse
        $report | Should -BeOfType ImageFabric.PowerShell.VmImageStoreOptimization
        $report.DeletedBytes, $report.MarkedObjects, $report.ImagesRewritten | Should -Be 60MB, 2, 2
        $report.NextDue.ToUniversalTime() | Should -Be ([datetime]'2025-03-01T12:30:00')
        $report.Duration.TotalSeconds | Should -Be 1.5
    }

    It 'passes on the grace period and the share below which packs are written anew' {
        $null = Optimize-VmImageStore s3://images -GracePeriod 2:00:00 -RepackBelowPercent 0
        $asked = Get-EngineRequest optimize
        $asked.graceSeconds, $asked.repackBelowPercent | Should -Be 7200, 0
    }

    It 'says with -WhatIf how many bytes would go, and has the engine change nothing' {
        Set-EngineAnswer optimize (Get-OptimizeAnswer @{ whatIf = $true })
        $script:report = $null
        Get-WhatIf { $script:report = Optimize-VmImageStore s3://images -WhatIf } | Should -Match 'Delete 64 MB, mark 20 MB, write 7 MB anew'

        (Get-EngineRequest optimize).whatIf | Should -BeTrue
        $script:report.WhatIf | Should -BeTrue
        $script:report.DeletedBytes | Should -Be 60MB
    }

    It 'takes stores from Get-VmImageStore' {
        Set-EngineAnswer probe @{ type = 'result'; uri = 's3://first'; repositoryId = 'r'; formatVersion = 1; conditionalWrites = $true }
        Register-VmImageStore -Name one -Uri s3://first
        Register-VmImageStore -Name two -Uri s3://second
        (Get-VmImageStore | Optimize-VmImageStore).Store | Should -Be 'one', 'two'
        (Get-EngineRequest optimize).store.uri | Should -Be 's3://first', 's3://second'
    }

    It 'reports an image that cannot be read' {
        Set-EngineAnswer optimize (Get-ErrorAnswer CollectionUnsafe InvalidData 'a:1')
        Optimize-VmImageStore s3://images -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'CollectionUnsafe,ImageFabric.*'
        $problem[0].TargetObject | Should -Be 'a:1'
    }

    It 'refuses a grace period that is no longer than a publish' {
        Initialize-RealEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Optimize-VmImageStore -GracePeriod 0:30 -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,ImageFabric.*'
    }

    It 'deletes what a removed version had, with the real engine' {
        Initialize-RealEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $store = Join-Path $TestDrive 'store'
        $disk = Join-Path $TestDrive 'disk.raw'
        $content = [byte[]]::new(3MB)
        [System.Random]::new(1).NextBytes($content)
        [System.IO.File]::WriteAllBytes($disk, $content)
        $null = Publish-VmImage -Path $disk -Name disk -Version 1 -Store $store
        Remove-VmImage disk:1 -Store $store -Confirm:$false
        function Wait-Day { Get-ChildItem $store -Recurse -File | ForEach-Object { $_.LastWriteTimeUtc = $_.LastWriteTimeUtc.AddDays(-1) } }

        (Optimize-VmImageStore $store).YoungObjects | Should -Be 2
        Wait-Day
        (Optimize-VmImageStore $store).MarkedObjects | Should -Be 2
        Wait-Day
        (Optimize-VmImageStore $store -WhatIf).DeletedBytes | Should -BeGreaterThan 3MB
        (Optimize-VmImageStore $store).DeletedObjects | Should -Be 2
        Get-ChildItem (Join-Path $store packs) -Recurse -File | Should -BeNullOrEmpty
    }
}
