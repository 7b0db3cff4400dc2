BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Unregister-VmImageStore' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        'lab', 'live', 'archive' | ForEach-Object { Register-VmImageStore $_ "s3://$_" -SkipTest }
    }

    It 'takes a store out of the list and leaves the others' {
        Unregister-VmImageStore lab
        (Get-VmImageStore).Name | Should -Be 'archive', 'live'
    }

    It 'takes wildcards' {
        Unregister-VmImageStore 'l*'
        (Get-VmImageStore).Name | Should -Be 'archive'
    }

    It 'takes stores from the pipeline' {
        Get-VmImageStore 'l*' | Unregister-VmImageStore
        (Get-VmImageStore).Name | Should -Be 'archive'
    }

    It 'changes nothing with -WhatIf' {
        Unregister-VmImageStore '*' -WhatIf
        @(Get-VmImageStore).Count | Should -Be 3
    }

    It 'says that a name is not registered' {
        Unregister-VmImageStore nosuch -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'StoreNotRegistered,ImageFabric.*'
    }

    It 'forgets the credential of this session' {
        $credential = [pscredential]::new('AKIA1', (ConvertTo-SecureString 'very-secret' -AsPlainText -Force))
        Register-VmImageStore secret s3://secret -Credential $credential -SkipTest -WarningAction SilentlyContinue
        Unregister-VmImageStore secret
        Register-VmImageStore secret s3://secret -SkipTest

        (Get-VmImageStore secret).HasCredential | Should -BeFalse
    }
}
