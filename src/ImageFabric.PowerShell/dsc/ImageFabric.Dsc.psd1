@{
    RootModule           = 'ImageFabric.Dsc.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '5f1f5a1c-8f5e-4f0a-9d0c-2f4d5e6a7b81'
    Author               = 'ImageFabric'
    CompanyName          = 'ImageFabric'
    Copyright            = '(c) ImageFabric. All rights reserved.'
    Description          = 'DSC resources for virtual machine images in stores and on hosts, and for the machines made from them.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    RequiredModules      = @('ImageFabric')
    FunctionsToExport    = @()
    CmdletsToExport      = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    DscResourcesToExport = @(
        'VmFromImageOnHost'
        'VmImageOnHost'
        'VmImageStore'
    )
    PrivateData          = @{
        PSData = @{
            Tags = @('DSC', 'DesiredStateConfiguration', 'KVM', 'VirtualMachine', 'Image', 'Windows', 'Linux')
        }
    }
}
