@{
    RootModule           = 'Hyper-V.psm1'
    ModuleVersion        = '2.0.0.0'
    CompatiblePSEditions = @('Desktop', 'Core')
    GUID                 = '6b7a1b0c-55c5-4a7e-9d20-6a5c3f1e9c11'
    Description          = 'A stand-in for the Hyper-V module, for tests: its cmdlets check what the real ones check, and keep machines in a state file.'
    # By name, so that the cmdlets are found without an import, as the real ones are.
    FunctionsToExport    = @(
        'Get-VM', 'Get-VMHost', 'Get-VMSwitch', 'Get-VHD', 'New-VHD', 'Set-VHD', 'Resize-VHD', 'New-VM', 'Set-VM',
        'Get-VMDvdDrive', 'Set-VMDvdDrive', 'Add-VMDvdDrive', 'Get-VMHardDiskDrive', 'Get-VMNetworkAdapter',
        'Set-VMNetworkAdapter', 'Set-VMNetworkAdapterVlan', 'Remove-VMNetworkAdapter', 'Set-VMFirmware', 'Set-VMBios',
        'Set-VMKeyProtector', 'Enable-VMTPM', 'Start-VM', 'Stop-VM', 'Remove-VM', 'Get-VMSnapshot', 'Test-VHD', 'Get-VMFirmware',
        'Get-VMBios', 'Get-VMSecurity', 'Checkpoint-VM', 'Get-Service'
    )
    CmdletsToExport      = @()
    AliasesToExport      = @()
}
