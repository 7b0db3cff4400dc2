BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Remove-VmFromImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer vm-list (Get-VmAnswer web01), (Get-VmAnswer web02), (Get-VmAnswer db01)
        Set-EngineAnswer vm-remove (Get-VmAnswer)
    }

    It 'removes a machine and says nothing' {
        Remove-VmFromImage web01 -Confirm:$false | Should -BeNullOrEmpty

        $asked = Get-EngineRequest
        $asked.operation, $asked.name, $asked.force | Should -Be 'vm-remove', 'web01', $null
    }

    It 'powers a machine off that runs, with -Force only' {
        Remove-VmFromImage web01 -Force -Confirm:$false
        (Get-EngineRequest vm-remove).force | Should -BeTrue
    }

    It 'gives out what it removed with -PassThru' {
        (Remove-VmFromImage web01 -PassThru -Confirm:$false).Name | Should -Be 'web01'
    }

    It 'removes the machines a pattern matches' {
        Remove-VmFromImage 'web*' -Confirm:$false
        (Get-EngineRequest vm-remove).name | Sort-Object | Should -Be 'web01', 'web02'
    }

    It 'takes machines from Get-VmFromImage, on the host where they are' {
        Get-VmFromImage 'web*' -ImageDirectory /srv/images | Remove-VmFromImage -Confirm:$false

        $asked = Get-EngineRequest vm-remove | Sort-Object name
        $asked.name | Should -Be 'web01', 'web02'
        $asked.imageDirectory | Should -Be '/srv/images', '/srv/images'
    }

    It 'removes nothing with -WhatIf' {
        Remove-VmFromImage '*' -WhatIf
        Get-EngineRequest vm-remove | Should -BeNullOrEmpty
    }

    It 'asks before it removes' {
        (Get-Command Remove-VmFromImage).ImplementingType.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false).ConfirmImpact | Should -Be 'High'
    }

    It 'has the machine as the target of its error' {
        Set-EngineAnswer vm-remove (Get-ErrorAnswer VmRunning ResourceBusy)

        Remove-VmFromImage web01, web02 -Confirm:$false -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem.TargetObject | Sort-Object | Should -Be 'web01', 'web02'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'VmRunning,ImageFabric.*'
        $problem[0].CategoryInfo.Category | Should -Be 'ResourceBusy'
    }
}
