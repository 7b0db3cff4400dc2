BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Remove-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer list (Get-ImageAnswer -Version '1'), (Get-ImageAnswer -Version '2')
        Set-EngineAnswer remove (Get-ImageAnswer)
    }

    It 'removes one version and says nothing' {
        Remove-VmImage ubuntu:24.04.3 -Store s3://images -Confirm:$false | Should -BeNullOrEmpty

        $asked = Get-EngineRequest
        $asked.operation, $asked.image, $asked.store.uri | Should -Be 'remove', 'ubuntu:24.04.3', 's3://images'
    }

    It 'gives out what it removed with -PassThru' {
        (Remove-VmImage ubuntu:24.04.3 -PassThru -Confirm:$false).Image | Should -Be 'ubuntu:24.04.3'
    }

    It 'removes each version a pattern matches' {
        Remove-VmImage 'ubuntu:*' -Confirm:$false
        (Get-EngineRequest remove).image | Should -Be 'ubuntu:1', 'ubuntu:2'
    }

    It 'keeps the newest versions of each image with -KeepLast' {
        Set-EngineAnswer list (Get-ImageAnswer -Name a -Version '1'), (Get-ImageAnswer -Name a -Version '2'), (Get-ImageAnswer -Name a -Version '3'), (Get-ImageAnswer -Name b -Version '9')
        Remove-VmImage '*:*' -KeepLast 2 -Confirm:$false
        (Get-EngineRequest remove).image | Should -Be 'a:1'

        Remove-VmImage '*:*' -KeepLast 5 -Confirm:$false
        @(Get-EngineRequest remove).Count | Should -Be 1
    }

    It 'keeps the newest of the versions that come through the pipeline, in whatever order' {
        Set-EngineAnswer list (Get-ImageAnswer -Name a -Version '1'), (Get-ImageAnswer -Name a -Version '2'), (Get-ImageAnswer -Name a -Version '3')
        'a:3', 'a:1', 'a:2' | Remove-VmImage -KeepLast 1 -Confirm:$false
        (Get-EngineRequest remove).image | Should -Be 'a:1', 'a:2'
    }

    It 'keeps at least one version' {
        { Remove-VmImage 'a:*' -KeepLast 0 -Confirm:$false } | Should -Throw -ErrorId 'ParameterArgumentValidationError,ImageFabric.PowerShell.RemoveVmImageCommand'
    }

    It 'does not guess which version is meant' {
        Remove-VmImage ubuntu -Confirm:$false -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,ImageFabric.*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'takes images from Get-VmImage' {
        Get-VmImage -Store s3://images | Remove-VmImage -Confirm:$false

        (Get-EngineRequest remove).image | Should -Be 'ubuntu:1', 'ubuntu:2'
        (Get-EngineRequest remove).store.uri | Should -Be 's3://images', 's3://images'
    }

    It 'removes nothing with -WhatIf' {
        Remove-VmImage 'ubuntu:*' -WhatIf
        Get-EngineRequest remove | Should -BeNullOrEmpty
    }

    It 'asks before it removes' {
        (Get-Command Remove-VmImage).ImplementingType.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false).ConfirmImpact | Should -Be 'High'
    }

    It 'fails one image and goes on with the next' {
        Set-EngineAnswer remove (Get-ErrorAnswer ImageNotFound)
        Remove-VmImage a:1, b:2 -Confirm:$false -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem.TargetObject | Should -Be 'a:1', 'b:2'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageNotFound,ImageFabric.*'
    }
}
