BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $probe = @{ type = 'result'; uri = 's3://images/fabric'; repositoryId = 'r1'; formatVersion = 1; conditionalWrites = $true }
    $registryFile = { Join-Path $env:XDG_CONFIG_HOME 'imagefabric/stores.json' }
}

Describe 'Register-VmImageStore' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer probe $probe
    }

    It 'asks the store and keeps where it is' {
        $store = Register-VmImageStore lab s3://images/fabric -Endpoint http://gateway:7480 -Region eu-1 -Profile ops -Default -PassThru

        $store.Name, $store.Uri, $store.Endpoint, $store.Region, $store.Profile, $store.IsDefault |
            Should -Be 'lab', 's3://images/fabric', 'http://gateway:7480', 'eu-1', 'ops', $true
        $asked = (Get-EngineRequest probe).store
        $asked.uri, $asked.endpoint, $asked.region, $asked.profile | Should -Be 's3://images/fabric', 'http://gateway:7480', 'eu-1', 'ops'
        (Get-VmImageStore).Name | Should -Be 'lab'
    }

    It 'keeps what may be published' {
        Register-VmImageStore lab s3://images/fabric -MaximumFileSize 100GB -MaximumVirtualSize 2TB -AllowedFormat qcow2, vhdx -MaximumSectorSize 512

        $store = Get-VmImageStore lab
        $store.MaximumFileSize, $store.MaximumVirtualSize, $store.MinimumSectorSize, $store.MaximumSectorSize | Should -Be 100GB, 2TB, $null, 512
        $store.AllowedFormat | Should -Be 'qcow2', 'vhdx'
    }

    Context 'with a trust policy' {
        BeforeAll {
            $key = [System.Security.Cryptography.ECDsa]::Create([System.Security.Cryptography.ECCurve+NamedCurves]::nistP256)
            $form = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=release', $key, 'SHA256')
            $certificate = $form.CreateSelfSigned([datetime]::UtcNow.AddDays(-1), [datetime]::UtcNow.AddDays(5))
            $thumbprint = $certificate.GetCertHashString('SHA256')
            $file = Join-Path $TestDrive 'release.cer'
            [System.IO.File]::WriteAllBytes($file, $certificate.RawData)
        }

        It 'keeps whom the store trusts, and tells the engine with every request' {
            $store = Register-VmImageStore lab s3://images -SkipTest -PassThru -TrustPolicy RequireSigned -TrustedCertificate $certificate, $file, ('aa:' * 19 + 'aa') -TrustedAuthority $file

            $store.TrustPolicy, $store.TrustedAuthority | Should -Be 'RequireSigned', ([convert]::ToBase64String($certificate.RawData))
            $store.TrustedCertificate | Should -Be $thumbprint, $thumbprint, ('AA' * 20)
            Set-EngineAnswer list (Get-ImageAnswer)
            $null = Get-VmImage -Store lab
            $trust = (Get-EngineRequest list).store.trust
            $trust.mode, $trust.thumbprints[0], $trust.authorities | Should -Be 'RequireSigned', $thumbprint, ([convert]::ToBase64String($certificate.RawData))
            (Register-VmImageStore lab s3://images -Force -SkipTest -PassThru -TrustPolicy RequireSigned -TrustedAuthority $store.TrustedAuthority).TrustedAuthority | Should -Be $store.TrustedAuthority
        }

        It 'refuses a policy that trusts nobody, and trust without a policy' {
            Register-VmImageStore lab s3://images -SkipTest -TrustPolicy WarnUnsigned -ErrorVariable problem -ErrorAction SilentlyContinue
            Register-VmImageStore lab s3://images -SkipTest -TrustedCertificate $file -ErrorVariable +problem -ErrorAction SilentlyContinue
            Register-VmImageStore lab s3://images -SkipTest -TrustPolicy RequireSigned -TrustedAuthority (Join-Path $TestDrive 'nosuch') -ErrorVariable +problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId -replace ',.*' | Should -Be 'InvalidRequest', 'InvalidRequest', 'TrustPolicyInvalid'
            Get-VmImageStore | Should -BeNullOrEmpty
        }

        It 'asks for nothing where nothing is said' {
            (Register-VmImageStore lab s3://images -SkipTest -PassThru).TrustPolicy | Should -Be 'None'
        }
    }

    It 'says nothing without -PassThru' {
        Register-VmImageStore lab s3://images/fabric | Should -BeNullOrEmpty
    }

    It 'keeps a directory by its full path' {
        Push-Location $TestDrive
        try {
            (Register-VmImageStore here ./images -PassThru).Uri | Should -Be (Join-Path $TestDrive 'images')
        }
        finally {
            Pop-Location
        }
    }

    It 'registers nothing when the store cannot be used' {
        Set-EngineAnswer probe @{ type = 'error'; id = 'StoreAccessDenied'; category = 'PermissionDenied'; message = 'No.'; target = 's3://images/fabric' }

        Register-VmImageStore lab s3://images/fabric -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem.FullyQualifiedErrorId | Should -BeLike 'StoreAccessDenied,ImageFabric.*'
        Get-VmImageStore | Should -BeNullOrEmpty
    }

    It 'registers without asking when told to skip the test' {
        Register-VmImageStore lab s3://images/fabric -SkipTest

        Get-EngineRequest | Should -BeNullOrEmpty
        (Get-VmImageStore lab).Uri | Should -Be 's3://images/fabric'
    }

    It 'warns of what a service does not honour, and says what is done in its place' {
        Set-EngineAnswer probe ($probe + @{ checks = @(
                    @{ check = 'ConditionalCreate'; status = 'Weak'; message = 'It does not honour If-None-Match.'; consequence = 'Publishers put a claim.' }
                    @{ check = 'Ranges'; status = 'Passed'; message = 'Parts are read.' }) })

        Register-VmImageStore lab s3://images/fabric -WarningVariable warnings -WarningAction SilentlyContinue

        $warnings | Should -Be 's3://images/fabric: It does not honour If-None-Match. Publishers put a claim.'
    }

    It 'refuses a name that is taken, whatever its case' {
        Register-VmImageStore lab s3://images/fabric

        Register-VmImageStore LAB s3://other -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem.FullyQualifiedErrorId | Should -BeLike 'StoreExists,ImageFabric.*'
        $problem.CategoryInfo.Category | Should -Be 'ResourceExists'
        $problem[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        (Get-VmImageStore lab).Uri | Should -Be 's3://images/fabric'
    }

    It 'replaces a store with -Force' {
        Register-VmImageStore lab s3://images/fabric
        Register-VmImageStore lab s3://other -Force

        @(Get-VmImageStore).Uri | Should -Be 's3://other'
    }

    It 'leaves the default store the default when it is registered anew' {
        Register-VmImageStore one s3://one -Default
        (Register-VmImageStore ONE s3://other -Force -PassThru).IsDefault | Should -BeTrue
        (Get-VmImageStore | Where-Object IsDefault).Uri | Should -Be 's3://other'
    }

    It 'has one default at a time' {
        Register-VmImageStore one s3://one -Default
        Register-VmImageStore two s3://two -Default

        (Get-VmImageStore | Where-Object IsDefault).Name | Should -Be 'two'
    }

    It 'neither asks nor writes with -WhatIf' {
        Register-VmImageStore lab s3://images/fabric -WhatIf

        Get-EngineRequest | Should -BeNullOrEmpty
        & $registryFile | Should -Not -Exist
    }

    It 'gives a credential to the engine and never to a file' {
        $credential = [pscredential]::new('AKIA1', (ConvertTo-SecureString 'very-secret' -AsPlainText -Force))

        Register-VmImageStore lab s3://images/fabric -Credential $credential -WarningVariable warnings -WarningAction SilentlyContinue

        $warnings | Should -BeLike '*session only*'
        $asked = (Get-EngineRequest probe).store
        $asked.accessKey, $asked.secretKey | Should -Be 'AKIA1', 'very-secret'
        Get-Content (& $registryFile) -Raw | Should -Not -Match 'AKIA1|very-secret'
        (Get-VmImageStore lab).HasCredential | Should -BeTrue
        $null = Test-VmImageStore lab
        (Get-EngineRequest probe)[-1].store.secretKey | Should -Be 'very-secret'
    }

    It 'writes a file that only its owner can read' -Skip:($IsWindows) {
        Register-VmImageStore lab s3://images/fabric

        (Get-Item (& $registryFile)).UnixFileMode | Should -Be ([System.IO.UnixFileMode] 'UserRead, UserWrite')
        (Get-ChildItem (Split-Path (& $registryFile))).Name | Should -Be 'stores.json', 'stores.json.lock'
    }

    It 'takes many stores from the pipeline by property name' {
        @(
            [pscustomobject] @{ Name = 'a'; Uri = 's3://a' }
            [pscustomobject] @{ Name = 'b'; Uri = 's3://b' }
        ) | Register-VmImageStore

        (Get-VmImageStore).Name | Should -Be 'a', 'b'
    }

    It 'loses no store when several sessions register at once' {
        $module = Join-Path $env:IMAGEFABRIC_TEST_MODULE 'ImageFabric.psd1'
        1..8 | ForEach-Object -ThrottleLimit 8 -Parallel {
            Import-Module $using:module
            Register-VmImageStore "s$_" "s3://s$_" -SkipTest
        }

        @(Get-VmImageStore).Count | Should -Be 8
    }

    It 'says what is wrong with a damaged list' {
        $null = New-Item -ItemType Directory (Split-Path (& $registryFile))
        Set-Content (& $registryFile) '{ "stores": ['

        Register-VmImageStore lab s3://images/fabric -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem.FullyQualifiedErrorId | Should -BeLike 'StoreRegistryUnusable,ImageFabric.*'
        Get-Content (& $registryFile) | Should -Be '{ "stores": ['
    }

    It 'refuses a name that could be a path or an address: <_>' -ForEach 'a/b', '.x', '~', 's3://x', '' {
        { Register-VmImageStore $_ s3://x } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }
}
