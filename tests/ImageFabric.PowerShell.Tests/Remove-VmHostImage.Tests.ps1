BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Remove-VmHostImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer host-image-remove (Get-HostImageAnswer ubuntu:1 Removable), (Get-HostImageAnswer ubuntu:2 Removable)
    }

    It 'has the host choose, and removes exactly what it chose' {
        Remove-VmHostImage ubuntu -KeepLast 1 -OlderThan 1.00:00:00 -FreeSpace 10GB -ImageDirectory /srv/images | Should -BeNullOrEmpty

        $plan, $removal = Get-EngineRequest host-image-remove
        $plan.planOnly, $plan.keepLast, $plan.unusedSeconds, $plan.freeBytes | Should -Be $true, 1, 86400, 10GB
        $plan.images | Should -Be 'ubuntu'
        $removal.images | Should -Be 'ubuntu:1', 'ubuntu:2'
        $removal.planOnly, $removal.keepLast, $removal.freeBytes | Should -Be $null, $null, $null
        $plan.imageDirectory, $removal.imageDirectory | Should -Be '/srv/images', '/srv/images'
    }

    It 'removes nothing with -WhatIf' {
        Remove-VmHostImage '*' -WhatIf
        (Get-EngineRequest host-image-remove).planOnly | Should -Be $true
    }

    It 'gives out what it removed with -PassThru' {
        (Remove-VmHostImage ubuntu -PassThru).Image | Should -Be 'ubuntu:1', 'ubuntu:2'
    }

    It 'asks the host for nothing more when it chose nothing' {
        Set-EngineAnswer host-image-remove @()
        Remove-VmHostImage '*'
        @(Get-EngineRequest host-image-remove) | Should -HaveCount 1
    }

    It 'says of an image that it is in use, and on which host' {
        Set-EngineAnswer host-image-remove (Get-ErrorAnswer ImageInUse ResourceBusy ubuntu:1 'ubuntu:1 stays: web01 is based on it.')
        Remove-VmHostImage ubuntu:1 -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageInUse,ImageFabric.*'
        $problem[0].CategoryInfo.Category | Should -Be 'ResourceBusy'
        $problem[0].TargetObject | Should -Be 'ubuntu:1'
        "$($problem[0])" | Should -Be 'localhost: ubuntu:1 stays: web01 is based on it.'
    }

    It 'takes images from Get-VmHostImage, on the host where they are' {
        Set-EngineAnswer host-image-list (Get-HostImageAnswer ubuntu:1)
        Get-VmHostImage -ImageDirectory /srv/images | Remove-VmHostImage
        (Get-EngineRequest host-image-remove)[0].images | Should -Be 'ubuntu:1'
        (Get-EngineRequest host-image-remove).imageDirectory | Should -Be '/srv/images', '/srv/images'
    }

    It 'takes an image that the host has in two formats once' {
        Set-EngineAnswer host-image-list (Get-HostImageAnswer ubuntu:1), (Get-HostImageAnswer ubuntu:1)
        Set-EngineAnswer host-image-remove (Get-HostImageAnswer ubuntu:1 Removable)
        Get-VmHostImage | Remove-VmHostImage -ErrorAction Stop
        @(Get-EngineRequest host-image-remove) | Should -HaveCount 2
    }

    It 'refuses a time that is negative' {
        { Remove-VmHostImage '*' -OlderThan '-1:00:00' } | Should -Throw -ErrorId 'InvalidRequest,ImageFabric.*'
    }
}
