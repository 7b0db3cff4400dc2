BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Save-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer list (Get-ImageAnswer)
        Set-EngineAnswer save (Get-PullAnswer)
    }

    It 'has the engine write the file that is named, seen from where the user is' {
        Push-Location $TestDrive
        try {
            $saved = Save-VmImage ubuntu:24.04.3 ./out.vhdx -DiskFormat vhdx-fixed -Seed ./old.raw -Force
        }
        finally {
            Pop-Location
        }
        $asked = Get-EngineRequest save
        $asked.image, $asked.output, $asked.format, $asked.replace | Should -Be 'ubuntu:24.04.3', (Join-Path $TestDrive 'out.vhdx'), 'vhdx-fixed', $true
        $asked.seeds | Should -Be (Join-Path $TestDrive 'old.raw')
        $saved.Image, $saved.DiskFormat, $saved.BytesFetched, $saved.Duration.TotalSeconds | Should -Be 'ubuntu:24.04.3', 'raw', 300MB, 3.5
    }

    It 'calls the file after the image when a directory is named' {
        $null = Save-VmImage ubuntu $TestDrive -DiskFormat vhd-fixed
        (Get-EngineRequest save).output | Should -Be (Join-Path $TestDrive 'ubuntu-24.04.3.vhd')
        (Get-EngineRequest list).image | Should -Be 'ubuntu:latest'
    }

    It 'takes images from Get-VmImage' {
        $null = Get-VmImage | Save-VmImage -Path $TestDrive
        (Get-EngineRequest save).image | Should -Be 'ubuntu:24.04.3'
    }

    It 'saves no one of several without a word' {
        Set-EngineAnswer list (Get-ImageAnswer -Version '1'), (Get-ImageAnswer -Version '2')
        Save-VmImage 'ubuntu:*' $TestDrive -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,*'
        "$($problem[0])" | Should -BeLike '*ubuntu:1, ubuntu:2*'
    }

    It 'says with -WhatIf how much there is to fetch, and writes nothing' {
        Save-VmImage ubuntu $TestDrive -WhatIf
        Get-EngineRequest save | Should -BeNullOrEmpty
    }

    It 'says that the file exists' {
        Set-EngineAnswer save (Get-ErrorAnswer OutputExists ResourceExists)
        Save-VmImage ubuntu $TestDrive -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'OutputExists,ImageFabric.*'
    }

    It 'says that there is no such image' {
        Set-EngineAnswer list @()
        Save-VmImage nosuch $TestDrive -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageNotFound,ImageFabric.*'
        Get-EngineRequest save | Should -BeNullOrEmpty
    }

    It 'completes formats' {
        $line = 'Save-VmImage x -DiskFormat vhd'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'vhdx', 'vhdx-fixed', 'vhd', 'vhd-fixed'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Save-VmImage ubuntu $TestDrive | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[0] | Should -Match 'Image +Format +Size +Fetched +Reused +Duration +Path'
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
    }
}
