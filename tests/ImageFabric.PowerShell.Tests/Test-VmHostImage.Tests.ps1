BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')

    function Get-TestAnswer([string] $Image, [string] $Damage) {
        @{
            type = 'result'; image = $Image; imageId = 'sha256:' + 'ab' * 32; format = 'raw'; path = "/images/$Image.raw"; intact = -not $Damage; damage = $Damage
            chunksVerified = 500; chunksDamaged = [int][bool] $Damage; bytesRead = 2GB; durationSeconds = 1.5
        }
    }
}

Describe 'Test-VmHostImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer host-image-test (Get-TestAnswer ubuntu:1), (Get-TestAnswer ubuntu:2 '1 of 500 chunks is bad.')
    }

    It 'has the host read all its images' {
        $test = Test-VmHostImage -ErrorAction SilentlyContinue
        $test.Image | Should -Be 'ubuntu:1', 'ubuntu:2'
        $test.Intact | Should -Be $true, $false
        $test[0].Duration | Should -Be ([timespan]::FromSeconds(1.5))
        (Get-EngineRequest).images | Should -Be '*'
    }

    It 'is an error for what is damaged, whose target is the result' {
        $null = Test-VmHostImage 'ubuntu:*' -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'HostImageCorrupt,ImageFabric.*'
        $problem[0].TargetObject.Image | Should -Be 'ubuntu:2'
        "$($problem[0])" | Should -BeLike 'localhost: *1 of 500 chunks is bad.'
    }

    It 'passes on what the host could not find, and names the host' {
        Set-EngineAnswer host-image-test (Get-ErrorAnswer ImageNotOnHost -Target nosuch:1)
        Test-VmHostImage nosuch:1 -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem[0].TargetObject | Should -Be 'nosuch:1'
        "$($problem[0])" | Should -BeLike 'localhost: *'
    }

    It 'takes images from Get-VmHostImage' {
        Set-EngineAnswer host-image-list (Get-HostImageAnswer ubuntu:1)
        $null = Get-VmHostImage ubuntu:1 -ImageDirectory /srv/images | Test-VmHostImage -ErrorAction SilentlyContinue
        $asked = Get-EngineRequest host-image-test
        $asked.images, $asked.imageDirectory | Should -Be 'ubuntu:1', '/srv/images'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Test-VmHostImage -ErrorAction SilentlyContinue | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'HostName +Image +Format +Intact +Read +Duration +Damage'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
