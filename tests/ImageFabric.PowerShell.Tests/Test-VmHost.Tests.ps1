BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Test-VmHost' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer host-test @{ type = 'result'; check = 'Hypervisor'; status = 'Passed'; message = 'libvirt 9.0.0 answers.' },
            @{ type = 'result'; check = 'FreeSpace'; status = 'Warning'; message = '1 GB are free.'; recommendedAction = 'Make room.' }
    }

    It 'gives one object for each check' {
        $test = Test-VmHost
        $test.Check | Should -Be 'Hypervisor', 'FreeSpace'
        $test.Status | Should -Be 'Passed', 'Warning'
        $test.RecommendedAction | Should -Be $null, 'Make room.'
        $test.HostName | Should -Be 'localhost', 'localhost'
    }

    It 'asks for the room and the store that are named' {
        Test-VmHost -FreeSpace 5GB -Store s3://images/fabric -ImageDirectory /srv/images | Out-Null
        $asked = Get-EngineRequest
        $asked.freeBytes, $asked.imageDirectory, $asked.storeAddress | Should -Be 5GB, '/srv/images', 'https://s3.us-east-1.amazonaws.com/'
    }

    It 'has the hosts look for the registered store where they reach it' {
        Register-VmImageStore lab s3://images/fabric -Endpoint http://192.0.2.1:7480 -Default -SkipTest
        Test-VmHost | Out-Null
        (Get-EngineRequest host-test).storeAddress | Should -Be 'http://192.0.2.1:7480'
    }

    It 'says what its clock shows when it asks' {
        Test-VmHost | Out-Null
        ([datetime]::UtcNow - ([datetime] (Get-EngineRequest).clock).ToUniversalTime()).TotalMinutes | Should -BeLessThan 2
    }

    It 'fails one host and tests the others' {
        $hosts = [pscustomobject] @{ HostName = '.'; ImageDirectory = 'fails' }, [pscustomobject] @{ HostName = 'localhost'; ImageDirectory = 'works' }
        $test = $hosts | Test-VmHost -ErrorVariable problem -ErrorAction SilentlyContinue
        $failed = $test | Where-Object Status -eq Failed
        $failed.HostName, $failed.Check | Should -Be '.', 'Connection'
        $failed.Message | Should -Not -BeNullOrEmpty
        ($test | Where-Object HostName -eq localhost).Status | Should -Be 'Passed', 'Warning'
        $problem[0].TargetObject | Should -Be '.'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Test-VmHost | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'HostName +Check +Status +Message'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
