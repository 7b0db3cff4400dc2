# What the host has for making machines.

function Invoke-Operation {
    $virtual = Get-VMHost
    @{
        moduleVersion = [string](Get-Module Hyper-V).Version
        configurationVersions = @($virtual.SupportedVmVersions)
        switches = @(Get-VMSwitch | ForEach-Object { $_.Name })
    }
}
