BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Get-VmImageStore' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Register-VmImageStore lab s3://images/lab -SkipTest -Default
        Register-VmImageStore live s3://images/live -SkipTest
        Register-VmImageStore archive /srv/archive -SkipTest
    }

    It 'lists all stores by name' {
        (Get-VmImageStore).Name | Should -Be 'archive', 'lab', 'live'
    }

    It 'takes wildcards, whatever the case' {
        (Get-VmImageStore 'L*').Name | Should -Be 'lab', 'live'
        (Get-VmImageStore '[a-b]*').Name | Should -Be 'archive'
    }

    It 'is silent about a pattern that matches nothing' {
        Get-VmImageStore 'x*' -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'says that a name is not registered, and goes on' {
        $found = Get-VmImageStore 'nosuch', 'lab' -ErrorVariable problem -ErrorAction SilentlyContinue

        $found.Name | Should -Be 'lab'
        $problem.FullyQualifiedErrorId | Should -BeLike 'StoreNotRegistered,ImageFabric.*'
        $problem[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $problem[0].TargetObject | Should -Be 'nosuch'
    }

    It 'takes names from the pipeline' {
        ('live', 'lab' | Get-VmImageStore).Name | Should -Be 'live', 'lab'
    }

    It 'is empty when nothing was ever registered' {
        $env:XDG_CONFIG_HOME = Join-Path $TestDrive 'empty'
        Get-VmImageStore | Should -BeNullOrEmpty
    }

    It 'ignores an XDG_CONFIG_HOME that is not absolute' -Skip:($IsWindows) {
        $before = $env:HOME
        try {
            $env:HOME = $TestDrive
            $env:XDG_CONFIG_HOME = 'relative'
            Get-VmImageStore | Should -BeNullOrEmpty
            Register-VmImageStore mine /srv/mine -SkipTest
            Join-Path $TestDrive '.config/imagefabric/stores.json' | Should -Exist
        }
        finally {
            $env:HOME = $before
        }
    }

    It 'completes names of registered stores' {
        $line = 'Get-VmImageStore -Name l'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'lab', 'live'
    }

    It 'shows a table within 120 columns' {
        $lines = Get-VmImageStore | Out-String -Width 120 -Stream | Where-Object { $_ }
        $lines[0] | Should -Match 'Name +Default +Uri +Endpoint'
        @($lines).Count | Should -Be 5
    }
}
