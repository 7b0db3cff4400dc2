BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')

    function Get-CopyAnswer([string] $Status = 'Copied') {
        @{
            type = 'result'; image = 'ubuntu:24.04.3'; imageId = 'sha256:' + 'ab' * 32; status = $Status; destination = 's3://archive'
            bytesCopied = 300MB; bytesReused = 200MB; packsCopied = 19; packsReused = 12; durationSeconds = 7.5
        }
    }
}

Describe 'Copy-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer copy (Get-CopyAnswer)
        Register-VmImageStore lab s3://images -Endpoint http://lab -Profile lab -SkipTest -Default
        $credential = [pscredential]::new('KEY', (ConvertTo-SecureString 'SECRET' -AsPlainText -Force))
        Register-VmImageStore archive s3://archive -Endpoint http://archive -Credential $credential -SkipTest -WarningAction SilentlyContinue
    }

    It 'has the engine copy between two stores with credentials of their own' {
        $copied = Copy-VmImage ubuntu:24.04.3 -Destination archive -ThrottleLimit 8

        $copied.Image, $copied.Status, $copied.Store, $copied.Uri | Should -Be 'ubuntu:24.04.3', 'Copied', 'archive', 's3://archive'
        $copied.BytesCopied, $copied.BytesReused, $copied.PacksCopied, $copied.PacksReused | Should -Be 300MB, 200MB, 19, 12
        $copied.Duration | Should -Be ([timespan]::FromSeconds(7.5))
        $asked = Get-EngineRequest copy
        $asked.image, $asked.throttle | Should -Be 'ubuntu:24.04.3', 8
        $asked.store.uri, $asked.store.endpoint, $asked.store.profile | Should -Be 's3://images', 'http://lab', 'lab'
        $asked.destination.uri, $asked.destination.endpoint, $asked.destination.accessKey, $asked.destination.secretKey |
            Should -Be 's3://archive', 'http://archive', 'KEY', 'SECRET'
        $asked.store.PSObject.Properties.Name | Should -Not -Contain 'secretKey'
    }

    It 'takes images, and their stores, from Get-VmImage' {
        Set-EngineAnswer list (Get-ImageAnswer ubuntu 1), (Get-ImageAnswer debian 12)
        $null = Get-VmImage -Store lab | Copy-VmImage -Destination archive
        (Get-EngineRequest copy).image | Should -Be 'ubuntu:1', 'debian:12'
        (Get-EngineRequest copy).store.profile | Should -Be 'lab', 'lab'
    }

    It 'takes wildcards' {
        Set-EngineAnswer list (Get-ImageAnswer ubuntu 1), (Get-ImageAnswer ubuntu 2)
        $null = Copy-VmImage 'ubuntu:[12]' archive
        (Get-EngineRequest copy).image | Should -Be 'ubuntu:1', 'ubuntu:2'
    }

    It 'has the engine plan with -WhatIf' {
        Set-EngineAnswer copy (Get-CopyAnswer Planned)
        $said = Get-WhatIf { $script:plan = Copy-VmImage ubuntu:24.04.3 archive -WhatIf }
        $said | Should -BeLike '*Copy from lab to archive (300 MB to send in 19 packs)*on target "ubuntu:24.04.3"*'
        $plan.Status, $plan.BytesCopied | Should -Be 'Planned', 300MB
        (Get-EngineRequest copy).planOnly | Should -BeTrue
    }

    It 'goes on after an image that the destination has otherwise' {
        Set-EngineAnswer copy (Get-ErrorAnswer ImageExists ResourceExists 'ubuntu:1')
        Copy-VmImage ubuntu:1, ubuntu:2 archive -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -Be @(, 'ImageExists,ImageFabric.PowerShell.CopyVmImageCommand' * 2)
        $problem.TargetObject | Should -Be 'ubuntu:1', 'ubuntu:2'
    }

    It 'ends with the engine when it is stopped' {
        Set-EngineAnswer copy -ThenHangAfter @((Get-CopyAnswer))
        $session = Start-Session 'Copy-VmImage' @{ Image = 'ubuntu:1'; DestinationStore = 's3://archive' } -UntilOutput

        $session.Stop()

        $session.InvocationStateInfo.State | Should -Be 'Stopped'
        Get-LivingEngine | Should -BeNullOrEmpty
        $session.Dispose()
    }

    It 'completes stores and images' {
        Set-EngineAnswer list (Get-ImageAnswer)
        $line = 'Copy-VmImage ubu'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'ubuntu:24.04.3'
        $line = 'Copy-VmImage ubuntu -Destination ar'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'archive'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Copy-VmImage ubuntu:24.04.3 archive | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'Image +Status +Copied +Reused +Packs +Duration +Store'
        $lines[2] | Should -Match 'ubuntu:24.04.3 +Copied +300 MB +200 MB +19 +7\.5 s +archive'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
