BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $repaired = @{
        type = 'result'; key = 'packs/ab/' + 'ab' * 32; damage = 'PackCorrupt'; message = 'The pack is damaged.'; images = @('ubuntu:1', 'ubuntu:2')
        status = 'Restored'; source = 's3://archive'; bytesWritten = 16MB
    }
}

Describe 'Repair-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer repair $repaired
        Register-VmImageStore archive s3://archive -Endpoint http://archive -SkipTest
    }

    It 'has the engine repair from another store and from hosts, reached as told' {
        Push-Location $TestDrive
        try {
            $done = Repair-VmImage ubuntu -Store s3://images -Source archive -HostName kvm01, root@kvm02:2222 -UserName admin -Port 22 -KeyFilePath ./key -Options @{ Compression = $true } -ImageDirectory /images
        }
        finally {
            Pop-Location
        }

        $done.Key, $done.ErrorId, $done.Status, $done.Source, $done.BytesWritten | Should -Be $repaired.key, 'PackCorrupt', 'Restored', 's3://archive', 16MB
        $done.NeededBy | Should -Be 'ubuntu:1', 'ubuntu:2'
        $asked = Get-EngineRequest repair
        $asked.image, $asked.store.uri, $asked.source.endpoint | Should -Be 'ubuntu', 's3://images', 'http://archive'
        $asked.hosts.name | Should -Be 'kvm01', 'root@kvm02:2222'
        $asked.hosts[0].userName, $asked.hosts[0].port, $asked.hosts[0].keyFile, $asked.hosts[0].options.Compression, $asked.hosts[0].imageDirectory |
            Should -Be 'admin', 22, (Join-Path $TestDrive 'key'), 'yes', '/images'
    }

    It 'repairs every image when none is named' {
        $null = Repair-VmImage -SourceStore archive
        (Get-EngineRequest repair).PSObject.Properties.Name | Should -Not -Contain 'image'
    }

    It 'only looks with -WhatIf' {
        $damaged = $repaired.Clone()
        $damaged.status = 'Damaged'
        Set-EngineAnswer repair $damaged
        $said = Get-WhatIf { $script:plan = Repair-VmImage ubuntu -SourceStore archive -WhatIf }
        $said | Should -BeLike '*Repair from archive*ubuntu in *'
        $plan.Status | Should -Be 'Damaged'
        (Get-EngineRequest repair).planOnly | Should -BeTrue
    }

    It 'gives out what could not be repaired, and an error besides' {
        Set-EngineAnswer repair @(@{ type = 'result'; key = 'packs/ab/ab'; damage = 'ObjectMissing'; message = 'Gone.'; images = @('a:1'); status = 'Failed' }
            Get-ErrorAnswer ObjectMissing -Target packs/ab/ab)
        $failed = Repair-VmImage a -HostName kvm01 -ErrorVariable problem -ErrorAction SilentlyContinue
        $failed.Status, $failed.Source | Should -Be 'Failed', $null
        $problem.FullyQualifiedErrorId | Should -BeLike 'ObjectMissing,ImageFabric.*'
        $problem.TargetObject | Should -Be 'packs/ab/ab'
    }

    It 'takes damaged images from Test-VmImage -Deep' {
        Set-EngineAnswer verify @(@{ type = 'result'; name = 'a'; version = '1'; damaged = @(@{ key = 'packs/x'; damage = 'PackCorrupt'; message = 'Bad.' }) }, @{ type = 'result'; name = 'b'; version = '1' })
        $null = Test-VmImage -Deep '*' | Where-Object -Not Intact | Repair-VmImage -SourceStore archive
        (Get-EngineRequest repair).image | Should -Be 'a:1'
    }

    It 'completes images, stores and hosts' {
        Set-EngineAnswer list (Get-ImageAnswer)
        $line = 'Repair-VmImage ubu'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'ubuntu:24.04.3'
        $line = 'Repair-VmImage ubuntu -SourceStore ar'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'archive'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Repair-VmImage ubuntu -SourceStore archive | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'Status +Key +ErrorId +Written +Source +NeededBy'
        $lines[2] | Should -Match 'Restored +packs/abababababab +PackCorrupt +16 MB +s3://archive +ubuntu:1, ubuntu:2'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
