BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
}

Describe 'Test-VmImageStore' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer probe @{ type = 'result'; uri = 's3://images/lab'; repositoryId = 'r1'; formatVersion = 1; conditionalWrites = $true }
        Register-VmImageStore lab s3://images/lab -Endpoint http://gateway:7480 -SkipTest
    }

    It 'says what the store is and honours' {
        $test = Test-VmImageStore lab

        $test.Store, $test.Uri, $test.RepositoryId, $test.FormatVersion, $test.ConditionalWrites | Should -Be 'lab', 's3://images/lab', 'r1', 1, $true
        (Get-EngineRequest probe).store.endpoint | Should -Be 'http://gateway:7480'
    }

    It 'says check by check what the store honours' {
        Set-EngineAnswer probe @{
            type = 'result'; uri = 's3://images/lab'; repositoryId = 'r1'; formatVersion = 1
            checks = @(
                @{ check = 'Ranges'; status = 'Passed'; message = 'Parts are read.' }
                @{ check = 'ClockSkew'; status = 'Weak'; message = 'The clock is behind.'; consequence = 'Correct the clock.' })
        }
        $checks = (Test-VmImageStore lab).Checks
        $checks.Check | Should -Be 'Ranges', 'ClockSkew'
        $checks.Status | Should -Be 'Passed', 'Weak'
        $checks[0].Consequence, $checks[1].Consequence | Should -Be $null, 'Correct the clock.'
        ($checks | Out-String -Width 120) | Should -Match 'Weak +ClockSkew +The clock is behind. Correct the clock.'
    }

    It 'reads everything back with -Deep' {
        Set-EngineAnswer verify @(
            @{ type = 'result'; name = 'a'; version = '1'; packsVerified = 2; bytesFetched = 5MB }
            @{ type = 'result'; name = 'b'; version = '1'; packsVerified = 1; bytesFetched = 1MB; damaged = @(@{ key = 'packs/x'; damage = 'PackCorrupt'; message = 'Bad.' }) }
            @{ type = 'result'; name = ''; version = ''; packsVerified = 1; bytesFetched = 1MB }
            Get-ErrorAnswer PackCorrupt InvalidData packs/x)
        $test = Test-VmImageStore lab -Deep -ErrorVariable problem -ErrorAction SilentlyContinue
        $test.ImagesVerified, $test.PacksVerified, $test.BytesRead, $test.Damage.Key | Should -Be 1, 4, 7MB, 'packs/x'
        $problem.FullyQualifiedErrorId | Should -BeLike 'PackCorrupt,ImageFabric.*'
        (Get-EngineRequest verify).PSObject.Properties.Name | Should -Not -Contain 'image'
        (Test-VmImageStore lab).Damage | Should -BeNullOrEmpty
    }

    It 'takes registered stores from the pipeline' {
        (Get-VmImageStore | Test-VmImageStore).Store | Should -Be 'lab'
    }

    It 'tests the user''s own directory store when nothing is given' {
        (Test-VmImageStore).Store | Should -BeNullOrEmpty
        (Get-EngineRequest probe).PSObject.Properties.Name | Should -Not -Contain 'store'
    }

    It 'tests the registered default when nothing is given' {
        Register-VmImageStore main s3://main -Default -SkipTest
        (Test-VmImageStore).Store | Should -Be 'main'
    }

    It 'lets IMAGEFABRIC_STORE and IMAGEFABRIC_ENDPOINT stand in, before the registered default' {
        Register-VmImageStore main s3://main -Default -SkipTest
        $env:IMAGEFABRIC_STORE = 's3://from-environment'
        $env:IMAGEFABRIC_ENDPOINT = 'http://elsewhere'

        (Test-VmImageStore).Store | Should -Be 's3://from-environment'
        (Get-EngineRequest probe).store.endpoint | Should -Be 'http://elsewhere'
    }

    It 'takes a directory, seen from where the user is' {
        Push-Location $TestDrive
        try {
            $null = Test-VmImageStore ./images
            (Get-EngineRequest probe).store.uri | Should -Be (Join-Path $TestDrive 'images')
        }
        finally {
            Pop-Location
        }
    }

    It 'says that a name is not registered' {
        Test-VmImageStore nosuch -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem.FullyQualifiedErrorId | Should -BeLike 'StoreNotRegistered,ImageFabric.*'
    }

    It 'gives the engine''s error with its category, target and advice' {
        Set-EngineAnswer probe @{
            type = 'error'; id = 'StoreUnreachable'; category = 'ConnectionError'; message = 'The store does not answer.'
            target = 's3://images/lab'; recommendedAction = 'Check the endpoint.'
        }

        Test-VmImageStore lab -ErrorVariable problem -ErrorAction SilentlyContinue

        $record = $problem[0]
        $record.FullyQualifiedErrorId | Should -Be 'StoreUnreachable,ImageFabric.PowerShell.TestVmImageStoreCommand'
        $record.CategoryInfo.Category | Should -Be 'ConnectionError'
        $record.TargetObject | Should -Be 's3://images/lab'
        $record.ErrorDetails.RecommendedAction | Should -Be 'Check the endpoint.'
        "$record" | Should -Be 'The store does not answer.'
    }

    It 'shows the engine''s log as verbose and warning texts' {
        Set-EngineAnswer probe @(
            @{ type = 'log'; level = 'verbose'; message = 'asking' }
            @{ type = 'log'; level = 'warning'; message = 'slow today' }
            @{ type = 'result'; uri = 's3://images/lab'; repositoryId = 'r1'; formatVersion = 1; conditionalWrites = $true }
        )

        $said = Test-VmImageStore lab -Verbose -WarningAction Continue 4>&1 3>&1

        ($said | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }).Message | Should -Contain 'asking'
        ($said | Where-Object { $_ -is [System.Management.Automation.WarningRecord] }).Message | Should -Be 'slow today'
    }
}
