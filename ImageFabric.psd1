@{
    RootModule             = 'ImageFabric.PowerShell.dll'
    ModuleVersion          = '0.0.0'
    GUID                   = '1edc40c4-e232-4b5d-aa4b-0b33fef12ee9'
    Author                 = 'ImageFabric'
    CompanyName            = 'ImageFabric'
    Copyright              = '(c) ImageFabric. All rights reserved.'
    Description            = 'Publishes virtual machine disk images to S3-compatible stores, gets them onto KVM and Hyper-V hosts once, and makes virtual machines from them.'
    PowerShellVersion      = '5.1'
    DotNetFrameworkVersion = '4.7.2'
    CompatiblePSEditions   = @('Desktop', 'Core')
    FormatsToProcess       = @('ImageFabric.Format.ps1xml')
    FunctionsToExport      = @()
    AliasesToExport        = @()
    VariablesToExport      = @()
    CmdletsToExport        = @(
        'Compare-VmImage'
        'Copy-VmImage'
        'Get-VmFromImage'
        'Get-VmHostImage'
        'Get-VmImage'
        'Get-VmImageStore'
        'New-VmFromImage'
        'New-VmHost'
        'Optimize-VmImageStore'
        'Publish-VmImage'
        'Register-VmImageStore'
        'Remove-VmFromImage'
        'Remove-VmHostImage'
        'Remove-VmImage'
        'Repair-VmImage'
        'Save-VmImage'
        'Sync-VmImage'
        'Test-VmHost'
        'Test-VmHostImage'
        'Test-VmImage'
        'Test-VmImageStore'
        'Unregister-VmImageStore'
    )
    PrivateData            = @{
        PSData = @{
            Tags = @('KVM', 'libvirt', 'QEMU', 'qcow2', 'S3', 'Ceph', 'VirtualMachine', 'Image', 'Windows', 'Linux')
        }
    }
}
