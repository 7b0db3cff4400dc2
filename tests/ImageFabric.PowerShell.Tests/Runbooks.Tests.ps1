# What a runbook needs that a person at a prompt does not: no questions, ids to tell errors by, objects that survive a journey, and jobs.

BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $module = Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1'
}

Describe 'In a runbook' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer list (Get-ImageAnswer), (Get-ImageAnswer -Version 24.04.2)
        Set-EngineAnswer grant (Get-ImageAnswer) -Stays
        Set-EngineAnswer pull (Get-PullAnswer)
        Set-EngineAnswer vm-list (Get-VmAnswer)
        Set-EngineAnswer vm-create (Get-VmAnswer)
        Set-EngineAnswer host-image-list (Get-HostImageAnswer -UsedBy web01)
    }

    It 'nothing waits for an answer that nobody gives: <_>' -ForEach @(
        'Remove-VmImage ubuntu:24.04.3'
        'Remove-VmFromImage web01'
        'Publish-VmImage -Name x'
        'Sync-VmImage'
        'Sync-VmImage ubuntu -Confirm'
    ) {
        $script = "Import-Module '$env:IMAGEFABRIC_TEST_MODULE/ImageFabric.psd1'; try { $_ -ErrorAction Stop; 'went through' } catch { `$_.Exception.GetType().Name }"
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $said = pwsh -NoLogo -NoProfile -NonInteractive -Command $script
        $said | Should -Not -Contain 'went through'
        $said | Should -Match 'Exception$'
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 60
        Get-EngineRequest | Where-Object operation -In 'remove', 'vm-remove', 'publish', 'pull' | Should -BeNullOrEmpty
    }

    It 'an error can be caught and told by its id' {
        Set-EngineAnswer grant (Get-ErrorAnswer ImageNotFound)
        $caught = try { Sync-VmImage nosuch -ErrorAction Stop } catch { $_ }
        $caught.FullyQualifiedErrorId | Should -Be 'ImageNotFound,ImageFabric.PowerShell.SyncVmImageCommand'
        $caught.CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $caught.ErrorDetails.RecommendedAction | Should -Be 'Do it otherwise.'
    }

    It '<Name> survives serialization with its numbers and times, and can be piped on' -ForEach @(
        @{ Name = 'VmImage'; Get = { Get-VmImage ubuntu:24.04.3 | Select-Object -First 1 }; Property = 'StoredSize', 'Published', 'Image'; Use = { $input | Sync-VmImage -HostName localhost }; Status = 'Synced' }
        @{ Name = 'VmImageSync'; Get = { Sync-VmImage ubuntu }; Property = 'BytesFetched', 'Duration', 'HostName'; Use = { $input | Sync-VmImage }; Status = 'Synced' }
        @{ Name = 'VmFromImage'; Get = { Get-VmFromImage web01 }; Property = 'Memory', 'Created', 'Name'; Use = { $input | Get-VmFromImage }; Status = $null }
        @{ Name = 'VmHostImage'; Get = { Get-VmHostImage ubuntu }; Property = 'AllocatedSize', 'LastUsed', 'Image'; Use = { $input | Get-VmHostImage }; Status = $null }
    ) {
        $file = Join-Path $TestDrive "$Name.xml"
        $object = & $Get
        $object | Export-Clixml $file
        $back = Import-Clixml $file
        $back.PSObject.TypeNames[0] | Should -Be "Deserialized.ImageFabric.PowerShell.$Name"
        foreach ($fact in $Property) {
            $back.$fact | Should -Be $object.$fact
            $back.$fact.GetType() | Should -Be $object.$fact.GetType()
        }
        ($object | ConvertTo-Json -Depth 3 | ConvertFrom-Json).($Property[0]) | Should -Be $object.($Property[0])
        $again = $back | & $Use
        $again | Should -Not -BeNullOrEmpty
        if ($Status) { $again.Status | Should -Be $Status }
    }

    It 'runs in a thread job' {
        $job = Start-ThreadJob { Import-Module $using:module; '.', 'localhost' | Sync-VmImage ubuntu }
        ($job | Receive-Job -Wait -AutoRemoveJob).Status | Should -Be 'Synced', 'Synced'
    }

    It 'runs in a job of another process, whose errors come back with their ids' {
        $job = Start-Job {
            Import-Module $using:module
            [pscustomobject] @{ HostName = '.'; ImageDirectory = 'fails' }, [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' } | Sync-VmImage ubuntu
        }
        $sync = $job | Receive-Job -Wait -AutoRemoveJob -ErrorVariable problem -ErrorAction SilentlyContinue
        $sync.Status | Sort-Object | Should -Be 'Failed', 'Synced'
        $sync.BytesFetched | Sort-Object | Select-Object -Last 1 | Should -BeOfType [long]
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostDiskFull,*'
    }

    It 'leaves nothing running when its job is stopped' {
        $job = Start-ThreadJob { Import-Module $using:module; Sync-VmImage ubuntu -ImageDirectory hangs }
        $deadline = [datetime]::UtcNow.AddMinutes(1)
        while (-not (Get-EngineRequest pull) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        Get-EngineRequest pull | Should -Not -BeNullOrEmpty
        $job | Stop-Job
        $job | Remove-Job
        Get-LivingEngine | Should -BeNullOrEmpty
    }

    It 'sorts, groups and compares by what people expect' {
        (Get-VmImage | Sort-Object Version).Version | Should -Be '24.04.2', '24.04.3'
        (Get-VmImage | Group-Object Name).Count | Should -Be 2
        Compare-Object (Get-VmImage) (Get-VmImage | Where-Object Version -EQ 24.04.3) -Property Image | Should -HaveCount 1
        (Get-VmImage | Measure-Object StoredSize -Sum).Sum | Should -Be 1000MB
    }
}
