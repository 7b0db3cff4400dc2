# Every example of the README and of the cmdlets' help is run as it stands, on a real store and real hosts; only the names of places are exchanged.

BeforeDiscovery {
    $noTestbed = -not (Test-Path (Join-Path $env:IMAGEFABRIC_TEST_MODULE 'engine/linux-x64/imagefabric')) -or -not $env:IMAGEFABRIC_TEST_ENDPOINT
    $root = Resolve-Path (Join-Path $PSScriptRoot '../..')
    $examples = foreach ($page in @(Get-Item (Join-Path $root 'README.md')) + @(Get-ChildItem (Join-Path $root 'docs/en-US/*.md'))) {
        $number = 0
        foreach ($block in [regex]::Matches((Get-Content -Raw $page), '(?ms)^```powershell\r?\n(.*?)^```')) {
            $number++
            @{ Page = $page.Name; Number = $number; Code = $block.Groups[1].Value }
        }
    }
}

Describe 'Examples' -Tag Integration -Skip:$noTestbed {
    BeforeAll {
        . (Join-Path $PSScriptRoot 'common.ps1')
        $variables = 'IMAGEFABRIC_ENGINE', 'IMAGEFABRIC_STORE', 'IMAGEFABRIC_ENDPOINT', 'IMAGEFABRIC_SSH_CONFIG', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'AWS_SHARED_CREDENTIALS_FILE', 'PSModulePath'
        $before = @{}
        $variables | ForEach-Object { $before[$_] = [Environment]::GetEnvironmentVariable($_) }
        Initialize-RealEngine (Join-Path $TestDrive 'examples')
        $env:IMAGEFABRIC_SSH_CONFIG = $env:IMAGEFABRIC_TEST_SSH_CONFIG
        # Where an installed module is found by jobs, too.
        $env:PSModulePath = (Split-Path $env:IMAGEFABRIC_TEST_MODULE) + [System.IO.Path]::PathSeparator + $env:PSModulePath
        $prefix = "$env:IMAGEFABRIC_TEST_BUCKET/examples-$([guid]::NewGuid().ToString('N'))"

        # The examples' places, and what stands for them here.
        $places = [ordered]@{
            's3://images/fabric'              = "s3://$prefix/fabric"
            's3://archive'                    = "s3://$prefix/archive"
            'https://s3.example.org'          = $env:IMAGEFABRIC_TEST_ENDPOINT
            'http://gateway.example.org:7480' = $env:IMAGEFABRIC_TEST_ENDPOINT
            '/mnt/images'                     = (Join-Path $TestDrive 'images')
            # This machine need not have libvirt: a host of the testbed stands for it.
            'ubuntu-server lab01'             = 'ubuntu-server lab01 -HostName kvm03'
            # A host of the testbed that is like Windows, with the one switch that it has.
            "'hv01'"                          = "'win01'"
            '-HostName edge01'                = '-HostName kvm03'
            '-HostName hv01 -UserName admin'  = '-HostName win01'
            ' -UserName admin'                = ''
            # The image that stands for all others boots by BIOS.
            '-SecureBoot Windows'             = '-Firmware UEFI -SecureBoot Windows'
            '-Network lan'                    = "-Network 'Default Switch'"
            '-Session $session'               = "-Session `$session -ImageDirectory '$(Join-Path $TestDrive 'session')'"
        }

        $work = New-Item -ItemType Directory (Join-Path $TestDrive 'work')
        Push-Location $work
        Copy-Item $env:IMAGEFABRIC_TEST_IMAGE_V1 ubuntu.qcow2
        Set-Content web.yaml '#cloud-config', 'dhcp: true', 'stay: true'
        Set-Content unattend.xml '<unattend xmlns="urn:schemas-microsoft-com:unattend"/>'
        Set-Content hosts.txt kvm01, kvm02
        Set-Content hosts.csv 'HostName,UserName', 'kvm01,root', 'kvm02,root'
        Set-Content machines.csv 'Name,HostName,Memory', 'm1,kvm01,268435456', 'm2,kvm02,268435456'
        Set-Content images.csv 'Path,Name,Version', './ubuntu.qcow2,from-table,1'
        Set-Content credentials '[lab]', "aws_access_key_id = $env:AWS_ACCESS_KEY_ID", "aws_secret_access_key = $env:AWS_SECRET_ACCESS_KEY"
        $env:AWS_SHARED_CREDENTIALS_FILE = Join-Path $work 'credentials'

        $key = Join-Path $TestDrive 'key.pem'
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=release' -days 5 -keyout $key -out release.cer 2>$null
        openssl pkcs12 -export -in release.cer -inkey $key -passout pass:example -out release.pfx

        # A person would be asked.
        Mock Read-Host { ConvertTo-SecureString 'example' -AsPlainText -Force }
        Mock Get-Credential { [pscredential]::new($env:AWS_ACCESS_KEY_ID, (ConvertTo-SecureString $env:AWS_SECRET_ACCESS_KEY -AsPlainText -Force)) }

        # A process beside this one stands for the other end of a session.
        Mock New-PSSession {
            $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateOutOfProcessRunspace($null)
            $runspace.Open()
            [System.Management.Automation.Runspaces.PSSession]::Create($runspace, 'Process', $null)
        }

        $windows = @(-split $env:IMAGEFABRIC_TEST_WINDOWS_HOSTS)
        $published = [System.Collections.Generic.HashSet[string]]::new()

        function Clear-Machine([string[]] $HostName) {
            $HostName | Get-VmFromImage | Remove-VmFromImage -Force -Confirm:$false
        }

        # Where an example may have made machines: on the hosts that it names, and on those of its tables.
        function Get-MachineHost([string] $Text) {
            if ($Text -match 'New-VmFromImage|Remove-VmFromImage') {
                $tables = [regex]::Matches($Text, '[\w-]+\.(csv|txt)').Value | Where-Object { $_ -and (Test-Path $_) } | ForEach-Object { Get-Content -Raw $_ }
                [regex]::Matches("$Text $tables", '\b(kvm|win)\d\d\b').Value | Sort-Object -Unique
            }
        }

        function Publish-Once([string] $Image, [string] $File) {
            if ($published.Add($Image)) {
                $name, $version = $Image -split ':'
                $null = Publish-VmImage $File -Name $name -Version $version
            }
        }

        # The hosts are others' before and after.
        Clear-Machine kvm01, kvm02, kvm03

        # What a user has registered, as files: to put them back is quicker than to register.
        $registered = Join-Path $TestDrive 'registered'
        foreach ($stores in @('lab', 'archive'), @('archive', 'test-1'), @()) {
            Get-VmImageStore | Unregister-VmImageStore -Confirm:$false
            foreach ($store in $stores) {
                $folder = @{ 'lab' = 'fabric'; 'archive' = 'archive'; 'test-1' = 'test' }[$store]
                Register-VmImageStore $store "s3://$prefix/$folder" -Endpoint $env:IMAGEFABRIC_TEST_ENDPOINT -Default:($store -eq 'lab')
            }
            $null = New-Item -ItemType Directory -Force $env:XDG_CONFIG_HOME
            Copy-Item -Recurse $env:XDG_CONFIG_HOME "$registered $stores"
        }

        # What every example may take for granted: stores, two versions of an image.
        function Initialize-Example([string] $Code) {
            $stores = if ($Code -notmatch 'Register-VmImageStore') { 'lab archive' } elseif ($Code -match 'Unregister') { 'archive test-1' } else { '' }
            Remove-Item -Recurse $env:XDG_CONFIG_HOME
            Copy-Item -Recurse "$registered $stores" $env:XDG_CONFIG_HOME
            $env:IMAGEFABRIC_ENDPOINT = $env:IMAGEFABRIC_TEST_ENDPOINT
            $env:IMAGEFABRIC_STORE = "s3://$prefix/fabric"
            Publish-Once 'ubuntu-server:24.04.3' $env:IMAGEFABRIC_TEST_IMAGE_V1
            if ($Code -notmatch 'ubuntu-server 24.04.4') {
                Publish-Once 'ubuntu-server:24.04.4' $env:IMAGEFABRIC_TEST_IMAGE_V2
            }
            elseif ($published.Remove('ubuntu-server:24.04.4')) {
                Get-VmImage ubuntu-server:24.04.4 | Remove-VmImage -Confirm:$false
            }
            if ($Code -match '(app|windows-server):(\S+)') {
                Publish-Once $Matches[0] $env:IMAGEFABRIC_TEST_IMAGE_V1
            }
            if ($Code -match 'Remove-VmFromImage web01') {
                $null = New-VmFromImage ubuntu-server:24.04.3 web01 -HostName kvm01 -Memory 256MB
            }
        }

        # Gives back what the next one may take for granted.
        function Restore-Example([string] $Code, [string] $Text) {
            $hosts = Get-MachineHost $Text
            if ($hosts) { Clear-Machine $hosts }
            # The example's 24.04.4 is not the one that the others take for granted.
            if ($Code -match 'ubuntu-server 24.04.4') { Get-VmImage ubuntu-server:24.04.4 | Remove-VmImage -Confirm:$false }
            if ($Code -match 'Remove-VmImage\b') { $published.Clear() }
        }
    }

    AfterAll {
        if ($work) {
            Clear-Machine (@('kvm01', 'kvm02', 'kvm03') + $windows)
            Pop-Location
            $variables | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
        }
    }

    It 'runs example <Number> of <Page>' -ForEach $examples {
        if ($Code -match 'hv01' -and -not $windows) {
            Set-ItResult -Skipped -Because 'the testbed has no Windows hosts'
            return
        }
        Initialize-Example $Code
        $text = $Code
        foreach ($place in $places.Keys) { $text = $text.Replace($place, $places[$place]) }
        $ConfirmPreference = 'None'
        $ErrorActionPreference = 'Stop'
        try {
            $null = & ([scriptblock]::Create($text))
        }
        finally {
            Restore-Example $Code $text
        }
    }
}
