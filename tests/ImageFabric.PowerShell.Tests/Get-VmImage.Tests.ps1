BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Get-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer list (Get-ImageAnswer -With @{ labels = @{ os = 'linux' } }), (Get-ImageAnswer -Version '24.04.4')
    }

    It 'gives objects with raw numbers, times and labels' {
        $image = Get-VmImage | Select-Object -First 1

        $image.GetType().FullName | Should -Be 'ImageFabric.PowerShell.VmImage'
        $image.Image, $image.Name, $image.Version | Should -Be 'ubuntu:24.04.3', 'ubuntu', '24.04.3'
        $image.VirtualSize, $image.DataSize, $image.StoredSize | Should -Be 2GB, 1200MB, 500MB
        $image.Published.ToUniversalTime() | Should -Be ([datetime] '2025-03-01T12:30:00')
        $image.Labels['os'], $image.SourceFormat, $image.Store | Should -Be 'linux', 'qcow2', $null
        "$image" | Should -Be 'ubuntu:24.04.3'
    }

    It 'asks for everything when nothing is named' {
        @(Get-VmImage).Count | Should -Be 2
        (Get-EngineRequest list).PSObject.Properties.Name | Should -Not -Contain 'image'
    }

    It 'has the engine match wildcards' {
        $null = Get-VmImage 'ubu*:24.?4.*'
        (Get-EngineRequest list).image | Should -Be 'ubu*:24.?4.*'
    }

    It 'matches character sets, which the engine does not know' {
        (Get-VmImage 'ubuntu:24.04.[4-9]').Image | Should -Be 'ubuntu:24.04.4'
        (Get-EngineRequest list).image | Should -Be 'ubuntu:24.04.?'
        (Get-VmImage '[u]buntu:latest').Count | Should -Be 2
    }

    It 'takes names from the pipeline, by value and by property name' {
        $null = 'a', 'b' | Get-VmImage
        $null = [pscustomobject] @{ Image = 'c:1'; Store = 's3://other' } | Get-VmImage

        (Get-EngineRequest list).image | Should -Be 'a', 'b', 'c:1'
        (Get-EngineRequest list)[-1].store.uri | Should -Be 's3://other'
    }

    It 'refuses an object that says no image' {
        [pscustomobject] @{ Size = 1 } | Get-VmImage -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InputObjectNotBound,*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'says that a named image is not there, and goes on with the next' {
        Set-EngineAnswer list @()

        Get-VmImage 'nosuch:1', 'nosuch:2', 'pattern*' -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty

        $problem.FullyQualifiedErrorId | Should -Be @('ImageNotFound,ImageFabric.PowerShell.GetVmImageCommand' * 2 -split '(?<=d)(?=I)')
        $problem.TargetObject | Should -Be 'nosuch:1', 'nosuch:2'
        $problem[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $problem[0].ErrorDetails.RecommendedAction | Should -BeLike '*Get-VmImage*'
    }

    It 'has the user''s own words as the target of an engine''s error' {
        Set-EngineAnswer list (Get-ErrorAnswer StoreUnreachable ConnectionError -Target 's3://internal/name')

        Get-VmImage 'ubuntu' -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem[0].TargetObject | Should -Be 'ubuntu'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'StoreUnreachable,ImageFabric.*'
    }

    It 'stops at the first error with -ErrorAction Stop' {
        Set-EngineAnswer list @()
        { 'a', 'b' | Get-VmImage -ErrorAction Stop } | Should -Throw -ErrorId 'ImageNotFound,*'
        @(Get-EngineRequest list).Count | Should -Be 1
    }

    It 'says so when there is no engine' {
        $env:IMAGEFABRIC_ENGINE = Join-Path $TestDrive 'nosuch'
        Get-VmImage -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'EngineNotFound,ImageFabric.*'
    }

    It 'completes images of the store that is named' {
        $line = 'Get-VmImage -Store s3://other -Image ubu'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'ubuntu:24.04.3', 'ubuntu:24.04.4'
        (Get-EngineRequest list).store.uri | Should -Be 's3://other'
    }

    It 'says who signed an image' {
        Set-EngineAnswer list (Get-ImageAnswer -With @{ signature = 'AA'; signerSubject = 'CN=release'; signerThumbprint = 'ab' * 32 }), (Get-ImageAnswer debian 12)
        $images = Get-VmImage
        $images.IsSigned | Should -Be $true, $false
        $images[0].Signer, $images[0].SignerThumbprint, $images[1].Signer | Should -Be 'CN=release', ('ab' * 32), $null
    }

    It 'completes nothing, in silence, when the store does not answer' {
        Set-EngineAnswer list -ThenHangAfter @()
        $line = 'Get-VmImage -Image ubu'
        $before = $Error.Count

        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -BeNullOrEmpty
        $Error.Count | Should -Be $before
    }

    It 'completes nothing without an engine' {
        $env:IMAGEFABRIC_ENGINE = Join-Path $TestDrive 'nosuch'
        $line = 'Get-VmImage -Image ubu'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -BeNullOrEmpty
    }

    It 'leaves no engine behind when the pipeline wants no more' {
        Set-EngineAnswer list -ThenHangAfter @((Get-ImageAnswer))

        (Get-VmImage | Select-Object -First 1).Image | Should -Be 'ubuntu:24.04.3'

        Get-LivingEngine | Should -BeNullOrEmpty
    }

    It 'ends with the engine when it is stopped' {
        Set-EngineAnswer list -ThenHangAfter @((Get-ImageAnswer))
        $session = Start-Session 'Get-VmImage' -UntilOutput

        $session.Stop()

        $session.InvocationStateInfo.State | Should -Be 'Stopped'
        Get-LivingEngine | Should -BeNullOrEmpty
        $session.Dispose()
    }

    It 'shows human sizes in a table within 120 columns' {
        $lines = @(Get-VmImage | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'Name +Version +ImageId +Size +Stored +Published +Store'
        $lines[2] | Should -Match 'ubuntu +24\.04\.3 +abababababab +2 GB +500 MB +\d{4}-\d\d-\d\d \d\d:\d\d'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}

Describe 'ByteSize' {
    It 'writes <_.Bytes> bytes as <_.Text>' -ForEach @(
        @{ Bytes = 0; Text = '0 B' }
        @{ Bytes = 999; Text = '999 B' }
        @{ Bytes = 1000; Text = '1 KB' }
        @{ Bytes = 1536; Text = '1.5 KB' }
        @{ Bytes = 10GB; Text = '10 GB' }
        @{ Bytes = 1023MB; Text = '1 GB' }
        @{ Bytes = -1536; Text = '-1.5 KB' }
        @{ Bytes = [long]::MaxValue; Text = '8 EB' }
        @{ Bytes = [long]::MinValue; Text = '-8 EB' }
    ) {
        [ImageFabric.PowerShell.ByteSize]::Format($_.Bytes) | Should -Be $_.Text
    }
}
