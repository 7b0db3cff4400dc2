BeforeAll {
    . (Join-Path $PSScriptRoot 'common.ps1')
    $published = @{
        type = 'result'; name = 'ubuntu'; version = '24.04.3'; imageId = 'sha256:' + 'ab' * 32; created = $true; sourceFormat = 'qcow2'
        virtualSize = 2GB; bytesRead = 1200MB; bytesUploaded = 500MB; bytesReused = 100MB; packsUploaded = 31; durationSeconds = 12.5
    }
}

Describe 'Publish-VmImage' {
    BeforeEach {
        Initialize-FakeEngine (Join-Path $TestDrive ([guid]::NewGuid()))
        Set-EngineAnswer publish $published
        $disk = Join-Path $TestDrive 'disk.qcow2'
        Set-Content $disk 'disk'
    }

    It 'has the engine publish a file by its full path' {
        Push-Location $TestDrive
        try {
            $image = Publish-VmImage ./disk.qcow2 -Name ubuntu -Version 24.04.3 -Store s3://images/fabric -Label @{ os = 'linux'; year = 2025 } -CompressionLevel 7 -ThrottleLimit 16
        }
        finally {
            Pop-Location
        }

        $asked = Get-EngineRequest publish
        $asked.protocol, $asked.source, $asked.name, $asked.version, $asked.store.uri | Should -Be 1, $disk, 'ubuntu', '24.04.3', 's3://images/fabric'
        $asked.labels.os, $asked.labels.year, $asked.compressionLevel, $asked.throttle | Should -Be 'linux', '2025', 7, 16
        $image.Image, $image.Created, $image.SourceFormat, $image.Store | Should -Be 'ubuntu:24.04.3', $true, 'qcow2', 's3://images/fabric'
        $image.VirtualSize, $image.BytesRead, $image.BytesUploaded, $image.BytesReused, $image.PacksUploaded | Should -Be 2GB, 1200MB, 500MB, 100MB, 31
        $image.Duration | Should -Be ([timespan]::FromSeconds(12.5))
    }

    It 'leaves to the engine what is not said' {
        $null = Publish-VmImage $disk -Name ubuntu -Version 24.04.3
        (Get-EngineRequest publish).PSObject.Properties.Name | Sort-Object | Should -Be 'name', 'operation', 'protocol', 'source', 'version'
    }

    It 'takes a source as raw where that is said' {
        $null = Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -SourceFormat Raw
        (Get-EngineRequest publish).policy.sourceFormat | Should -BeExactly 'raw'
    }

    It 'takes a file from the pipeline' {
        $null = Get-Item $disk | Publish-VmImage -Name ubuntu -Version 24.04.3
        (Get-EngineRequest publish).source | Should -Be $disk
    }

    It 'takes a file as an object, with a name made from it' {
        $null = Publish-VmImage -InputObject (Get-Item $disk) -Name ubuntu -Version 24.04.3
        $null = Get-Item $disk | Publish-VmImage -Name { $_.BaseName } -Version { $_.LastWriteTimeUtc.ToString('yyyy.M.d') }

        $requests = @(Get-EngineRequest publish)
        $requests.source | Should -Be $disk, $disk
        $requests[1].name, $requests[1].version | Should -Be (Get-Item $disk).BaseName, (Get-Item $disk).LastWriteTimeUtc.ToString('yyyy.M.d')
    }

    It 'takes rows of a table from the pipeline' {
        $null = "Path,Name,Version`n$disk,debian,12.1" | ConvertFrom-Csv | Publish-VmImage
        (Get-EngineRequest publish).name | Should -Be 'debian'
    }

    It 'takes a wildcard that matches one file' {
        $null = Publish-VmImage "$TestDrive/*.qcow2" -Name ubuntu -Version 24.04.3
        (Get-EngineRequest publish).source | Should -Be $disk
    }

    It 'refuses a wildcard that matches several files' {
        Set-Content (Join-Path $TestDrive 'a.multi') 'a'
        Set-Content (Join-Path $TestDrive 'b.multi') 'b'

        Publish-VmImage "$TestDrive/*.multi" -Name ubuntu -Version 24.04.3 -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidRequest,ImageFabric.*'
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'takes brackets literally with -LiteralPath' {
        $odd = Join-Path $TestDrive 'disk[1].raw'
        [System.IO.File]::WriteAllText($odd, 'disk')
        $null = Publish-VmImage -LiteralPath $odd -Name ubuntu -Version 24.04.3
        (Get-EngineRequest publish).source | Should -Be $odd
    }

    It 'says that <Path> is no file: FileNotFound' -ForEach @{ Path = 'nosuch.raw' }, @{ Path = 'env:HOME' } {
        Publish-VmImage $Path -Name ubuntu -Version 24.04.3 -ErrorVariable problem -ErrorAction SilentlyContinue

        $problem[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,ImageFabric.*'
        $problem[0].TargetObject | Should -Be $Path
        Get-EngineRequest | Should -BeNullOrEmpty
    }

    It 'reads the disk and says what would be uploaded with -WhatIf' {
        Set-EngineAnswer publish ($published + @{ planOnly = $true })
        $said = Get-WhatIf { $script:plan = Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -WhatIf }
        $said | Should -BeLike "*Publish $disk (qcow2, 500 MB to upload of a disk of 2 GB) to *on target `"ubuntu:24.04.3`"*"
        $plan.PlanOnly, $plan.BytesUploaded, $plan.BytesReused | Should -Be $true, 500MB, 100MB
        (Get-EngineRequest publish).planOnly | Should -BeTrue
    }

    Context 'with -DeltaFrom' {
        It 'has the engine make deltas from the versions that are named, and says what they took' {
            Set-EngineAnswer publish ($published + @{ deltaBytes = 60MB })
            $image = Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -DeltaFrom latest, 24.04.1
            (Get-EngineRequest publish).deltaFrom | Should -Be 'latest', '24.04.1'
            $image.DeltaBytes, $image.BytesUploaded | Should -Be 60MB, 500MB
        }

        It 'takes no empty version' {
            { Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -DeltaFrom '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
            Get-EngineRequest | Should -BeNullOrEmpty
        }

        It 'gives the image out, and an error beside it, when only the delta failed' {
            Set-EngineAnswer publish (Get-ErrorAnswer PackCorrupt InvalidData -Target 'packs/ab/abab'), (Get-ErrorAnswer StoreUnreachable ConnectionError), $published

            $image = Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -DeltaFrom 1, 2 -ErrorVariable problem -ErrorAction SilentlyContinue

            $image.Image, $image.DeltaBytes | Should -Be 'ubuntu:24.04.3', 0
            @($problem).Count | Should -Be 2
            $problem[0].FullyQualifiedErrorId | Should -Be 'PackCorrupt,ImageFabric.PowerShell.PublishVmImageCommand'
            $problem[0].CategoryInfo.Category, $problem[0].TargetObject, $problem[0].ErrorDetails.RecommendedAction | Should -Be 'InvalidData', 'packs/ab/abab', 'Do it otherwise.'
            $problem[1].FullyQualifiedErrorId | Should -BeLike 'StoreUnreachable,ImageFabric.*'
        }

        It 'has given the image out when such an error stops the command' {
            Set-EngineAnswer publish (Get-ErrorAnswer PackCorrupt InvalidData), $published
            $images = [System.Collections.Generic.List[object]]::new()
            { Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -DeltaFrom 1 -ErrorAction Stop | ForEach-Object { $images.Add($_) } } | Should -Throw -ErrorId 'PackCorrupt,*'
            $images.Image | Should -Be 'ubuntu:24.04.3'
        }

        It 'completes the other versions of the image in the store that is named, and latest' {
            Set-EngineAnswer list (Get-ImageAnswer ubuntu 24.04.3), (Get-ImageAnswer debian 12), (Get-ImageAnswer ubuntu 24.04.4)
            $line = 'Publish-VmImage ./disk.qcow2 -Name ubuntu -Version 24.04.4 -Store s3://other -DeltaFrom '
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be '24.04.3', 'latest'
            (Get-EngineRequest list).store.uri | Should -Be 's3://other'
            $line = 'Publish-VmImage ./disk.qcow2 ubuntu 24.04.5 -DeltaFrom 24.04.3, 24'
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be '24.04.3', '24.04.4'
        }
    }

    Context 'with a certificate' {
        BeforeAll {
            $key = [System.Security.Cryptography.ECDsa]::Create([System.Security.Cryptography.ECCurve+NamedCurves]::nistP256)
            $form = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new('CN=release', $key, 'SHA256')
            $certificate = $form.CreateSelfSigned([datetime]::UtcNow.AddDays(-1), [datetime]::UtcNow.AddDays(5))
        }

        It 'hands a certificate object over with its key, on standard input' {
            $null = Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -SigningCertificate $certificate
            $signing = (Get-EngineRequest publish).signing
            $signing.PSObject.Properties.Name | Should -Be 'pfx'
            $loaded = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new([convert]::FromBase64String($signing.pfx))
            $loaded.Thumbprint, $loaded.HasPrivateKey | Should -Be $certificate.Thumbprint, $true
        }

        It 'hands a file over by its full path with its password, and a thumbprint as it is' {
            $password = ConvertTo-SecureString "p $([char] 0xe4)`"word" -AsPlainText -Force
            Push-Location $TestDrive
            try {
                $null = Publish-VmImage $disk -Name ubuntu -Version 1 -SigningCertificate ./release.pfx -SigningPassword $password
            }
            finally {
                Pop-Location
            }
            $null = Publish-VmImage $disk -Name ubuntu -Version 2 -SigningCertificate $certificate.Thumbprint
            $asked = Get-EngineRequest publish
            $asked[0].signing.file, $asked[0].signing.password | Should -Be (Join-Path $TestDrive 'release.pfx'), "p $([char] 0xe4)`"word"
            $asked[1].signing.thumbprint | Should -Be $certificate.Thumbprint
        }

        It 'refuses a certificate without its key' {
            $bare = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($certificate.RawData)
            Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -SigningCertificate $bare -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem.FullyQualifiedErrorId | Should -BeLike 'SigningCertificateUnusable,ImageFabric.*'
            Get-EngineRequest publish | Should -BeNullOrEmpty
        }
    }

    It 'fails one file and goes on with the next' {
        Set-EngineAnswer publish (Get-ErrorAnswer ImageExists ResourceExists -Target 'ubuntu:24.04.3')

        $null = 1..2 | ForEach-Object { [pscustomobject] @{ Path = $disk; Name = 'ubuntu'; Version = $_ } } |
            Publish-VmImage -ErrorVariable problem -ErrorAction SilentlyContinue

        @($problem).Count | Should -Be 2
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ImageExists,ImageFabric.*'
        $problem[0].CategoryInfo.Category | Should -Be 'ResourceExists'
    }

    It 'gives an image to the pipeline that Sync-VmImage and Get-VmImage understand' {
        Set-EngineAnswer list (Get-ImageAnswer)
        $null = Publish-VmImage $disk -Name ubuntu -Version 24.04.3 -Store s3://images/fabric | Get-VmImage

        (Get-EngineRequest list).image | Should -Be 'ubuntu:24.04.3'
        (Get-EngineRequest list).store.uri | Should -Be 's3://images/fabric'
    }

    It 'shows progress, at most five times a second, and takes it away at the end' {
        $steps = 1..500 | ForEach-Object { @{ type = 'progress'; activity = 'Reading'; bytesDone = $_ * 10MB; bytesTotal = 4000MB } }
        Set-EngineAnswer publish $published -First $steps
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $session = Start-Session 'Publish-VmImage' @{ Path = $disk; Name = 'ubuntu'; Version = '24.04.3' }

        $records = $session.Streams.Progress | Where-Object Activity -EQ 'Publishing ubuntu:24.04.3'
        $shown = @($records | Where-Object RecordType -EQ 'Processing')
        $shown.Count | Should -BeGreaterThan 0
        $shown.Count | Should -BeLessOrEqual (1 + [math]::Ceiling($clock.Elapsed.TotalSeconds * 5))
        $shown | ForEach-Object { $_.PercentComplete | Should -BeIn (0..100) }
        $records[-1].RecordType | Should -Be 'Completed'
        $session.Dispose()
    }

    It 'publishes from an address as it is, in the service of the store or of another' {
        Register-VmImageStore lab s3://images -Endpoint http://lab:7480 -SkipTest
        Register-VmImageStore vendor s3://vendor -Endpoint https://vendor.example -SkipTest
        $null = Publish-VmImage https://example.org/disk.qcow2?x=1 -Name ubuntu -Version 1 -Store lab
        $null = Publish-VmImage s3://incoming/disk.vhdx -Name ubuntu -Version 2 -Store lab
        $null = Publish-VmImage s3://incoming/disk.vhdx -Name ubuntu -Version 3 -Store lab -SourceStore vendor
        $asked = Get-EngineRequest publish
        $asked.source | Should -Be 'https://example.org/disk.qcow2?x=1', 's3://incoming/disk.vhdx', 's3://incoming/disk.vhdx'
        $asked.sourceService.endpoint | Should -Be 'http://lab:7480', 'http://lab:7480', 'https://vendor.example'
    }

    It 'publishes within the settings of the store' {
        Register-VmImageStore lab s3://images -SkipTest -MaximumVirtualSize 1TB
        $null = Publish-VmImage $disk -Name ubuntu -Version 1 -Store lab -AllowedFormat raw
        $policy = (Get-EngineRequest publish).policy
        $policy.maximumVirtualSize, $policy.allowedFormats | Should -Be 1TB, 'raw'
    }

    It 'shows a table within 120 columns' {
        $lines = @(Publish-VmImage $disk -Name ubuntu -Version 24.04.3 | Out-String -Width 120 -Stream | Where-Object { $_ })
        $lines[2] | Should -Match 'ubuntu:24\.04\.3 +True +2 GB +1\.2 GB +500 MB +100 MB +12\.5 s'
    }
}
