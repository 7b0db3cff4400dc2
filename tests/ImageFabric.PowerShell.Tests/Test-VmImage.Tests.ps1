BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Test-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        $disk = Join-Path $TestDrive 'disk.qcow2'
        Set-Content $disk 'disk'
        Set-EngineAnswer test @{ type = 'result'; path = $disk; format = 'qcow2'; virtualSize = 2GB; fileSize = 600MB; allocatedSize = 1GB }
    }

    It 'says what a good file is' {
        $test = Test-VmImage $disk

        $test.Passed, $test.Path, $test.Format, $test.VirtualSize, $test.FileSize, $test.AllocatedSize | Should -Be $true, $disk, 'qcow2', 2GB, 600MB, 1GB
        $test.ErrorId, $test.Message | Should -Be $null, $null
        (Get-EngineRequest test).source | Should -Be $disk
    }

    It 'has as its result, not as an error, that a file is refused: <_>' -ForEach 'FormatNotSupported', 'FormatFeatureNotSupported', 'ImageCorrupt', 'ForeignReference', 'ImageTooLarge', 'ImageEmpty' {
        Set-EngineAnswer test (Get-ErrorAnswer $_ SecurityError -Message 'It refers to base.qcow2.')

        $test = Test-VmImage $disk -ErrorAction Stop

        $test.Passed, $test.Path, $test.ErrorId, $test.Message, $test.RecommendedAction | Should -Be $false, $disk, $_, 'It refers to base.qcow2.', 'Do it otherwise.'
        $test.VirtualSize | Should -BeNullOrEmpty
    }

    It 'has it as an error that a file cannot be read' {
        Set-EngineAnswer test (Get-ErrorAnswer FileUnreadable ReadError)

        Test-VmImage $disk -ErrorVariable problem -ErrorAction SilentlyContinue | Should -BeNullOrEmpty

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileUnreadable,ImageFabric.*'
        $problem[0].TargetObject | Should -Be $disk
    }

    It 'tests every file a wildcard matches, and files from the pipeline' {
        Set-Content (Join-Path $TestDrive 'other.qcow2') 'other'

        @(Test-VmImage "$TestDrive/*.qcow2").Count | Should -Be 2
        @(Get-ChildItem $TestDrive -Filter *.qcow2 | Test-VmImage).Count | Should -Be 2
    }

    It 'goes on after a path that is not there' {
        $test = Test-VmImage (Join-Path $TestDrive 'nosuch'), $disk -ErrorVariable problem -ErrorAction SilentlyContinue

        $test.Path | Should -Be $disk
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,ImageFabric.*'
    }
}
