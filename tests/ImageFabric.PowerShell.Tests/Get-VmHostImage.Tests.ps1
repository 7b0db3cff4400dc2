BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Get-VmHostImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer host-image-list (Get-HostImageAnswer ubuntu:24.04.3 -UsedBy web01, web02), (Get-HostImageAnswer ubuntu:24.04.4), (Get-HostImageAnswer debian:12),
            (Get-HostImageAnswer ('sha256:' + 'cd' * 32) Partial)
    }

    It 'lists all images of this machine' {
        $image = Get-VmHostImage
        $image.Image | Should -Be 'ubuntu:24.04.3', 'ubuntu:24.04.4', 'debian:12', ('sha256:' + 'cd' * 32)
        $image[0].UsedBy | Should -Be 'web01', 'web02'
        $image[1].UsedBy | Should -HaveCount 0
        $image[0].AllocatedSize, $image[0].SharedSize | Should -Be 2GB, 1536MB
        $image[0].LastUsed | Should -BeOfType datetime
        (Get-EngineRequest).operation | Should -Be 'host-image-list'
    }

    It 'takes a name for all its versions, and wildcards' {
        (Get-VmHostImage ubuntu).Image | Should -Be 'ubuntu:24.04.3', 'ubuntu:24.04.4'
        (Get-VmHostImage '*:12', 'ubuntu:24.04.4').Image | Should -Be 'debian:12', 'ubuntu:24.04.4'
    }

    It 'says that an image is not there, and goes on' {
        $image = Get-VmHostImage nosuch:1, debian:12 -ErrorVariable problem -ErrorAction SilentlyContinue
        $image.Image | Should -Be 'debian:12'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageNotOnHost,ImageFabric.*'
        $problem[0].TargetObject | Should -Be 'nosuch:1'
    }

    It 'takes hosts from the pipeline' {
        $image = '.', 'localhost' | Get-VmHostImage debian:12
        $image.HostName | Sort-Object | Should -Be '.', 'localhost'
    }

    It 'completes images of the host that is named' {
        $line = 'Get-VmHostImage -HostName . -Image ubuntu:'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'ubuntu:24.04.3', 'ubuntu:24.04.4'
    }

    It 'shows human sizes in a table within 120 columns' {
        $lines = @(Get-VmHostImage | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'HostName +Image +State +Format +Takes +Shared +LastUsed +UsedBy'
        $lines[2] | Should -Match 'localhost +ubuntu:24\.04\.3 +Present +raw +2 GB +1\.5 GB +2025-03-01 \d\d:30 +web01, web02'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
