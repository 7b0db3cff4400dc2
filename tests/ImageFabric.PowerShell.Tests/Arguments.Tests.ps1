# What people type that is not what they meant: refused before anything is asked of anybody, in words of ours.
BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Arguments' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $folder = New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))
        $disk = Join-Path $folder 'br[1] x.img'
        [IO.File]::WriteAllBytes($disk, [byte[]]::new(512))
    }

    It 'refuses <Name> when a variable that was never set is given' -ForEach @(
        @{ Name = '-Store'; Command = { Get-VmImage -Store $undefined } }
        @{ Name = '-Store'; Command = { Publish-VmImage -LiteralPath $disk app 1 -Store '' } }
        @{ Name = '-SourceStore'; Command = { Publish-VmImage s3://bucket/key app 1 -SourceStore $undefined } }
        @{ Name = '-Endpoint'; Command = { Register-VmImageStore lab s3://images -Endpoint $undefined } }
        @{ Name = '-Profile'; Command = { Register-VmImageStore lab s3://images -Profile '' } }
    ) {
        Set-StrictMode -Off
        $failure = { & $Command } | Should -Throw -ErrorId 'InvalidRequest,*' -PassThru
        $failure.Exception.Message | Should -BeLike "*$Name is empty*"
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'refuses the store <Store> and shows the form' -ForEach @(
        @{ Store = 's3:/bucket/prefix'; Shown = 's3://bucket' }
        @{ Store = 'remote:bucket'; Shown = 'remote:bucket' }
        @{ Store = 'file:///srv'; Shown = 's3://bucket' }
        @{ Store = 'gs://bucket'; Shown = 's3://bucket' }
        @{ Store = 'https://s3.example.org/bucket'; Shown = 'endpoint' }
    ) {
        $failure = { Get-VmImage -Store $Store -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*' -PassThru
        $failure.Exception.Message | Should -BeLike "*$Shown*"
        { Register-VmImageStore lab $Store -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'refuses the image <Path> and names the kinds' -ForEach @{ Path = 'ftp://host/d.img' }, @{ Path = 's3:/bucket/key' }, @{ Path = 'gs://bucket/key' } {
        foreach ($command in { Test-VmImage $Path -ErrorAction Stop }, { Publish-VmImage $Path app 1 -ErrorAction Stop }) {
            $failure = $command | Should -Throw -ErrorId 'InvalidRequest,*' -PassThru
            $failure.Exception.Message | Should -BeLike '*s3://bucket/key*'
        }
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'takes a file with brackets in its name from <From>' -ForEach @(
        @{ From = 'Get-Item'; Give = { Get-Item -LiteralPath $disk } }
        @{ From = 'Get-ChildItem'; Give = { Get-ChildItem $folder } }
    ) {
        Set-EngineAnswer test @{ type = 'result'; path = $disk; format = 'raw'; virtualSize = 512; fileSize = 512; allocatedSize = 512 }
        Set-EngineAnswer publish @{ type = 'result'; name = 'app'; version = '1'; imageId = 'sha256:00'; created = $true; virtualSize = 512 }
        $null = & $Give | Test-VmImage -ErrorAction Stop
        (Get-EngineRequest test).source | Should -Be $disk
        $null = & $Give | Publish-VmImage -Name app -Version 1 -ErrorAction Stop
        (Get-EngineRequest publish).source | Should -Be $disk
    }

    It 'answers a pattern that is none with an error of its own' {
        Push-Location $folder
        try {
            { Test-VmImage 'br[1' -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
            { Publish-VmImage 'br[1' app 1 -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
            { Get-VmImageStore 'la[b' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
            { Unregister-VmImageStore 'la[b' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        }
        finally {
            Pop-Location
        }
    }

    It 'refuses a list as the value of a label' {
        { Publish-VmImage -LiteralPath $disk app 1 -Label @{ os = 'debian', 'ubuntu' } -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        { Publish-VmImage -LiteralPath $disk app 1 -Label @{ os = @{ a = 1 } } -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidRequest,*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }
}
