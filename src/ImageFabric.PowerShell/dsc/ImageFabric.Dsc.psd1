@{
    RootModule             = 'ImageFabric.Dsc.psm1'
    ModuleVersion          = '0.0.0'
    GUID                   = 'b7a0f6c2-8f5e-4a0e-9d39-5f0c6b1f2ad7'
    Author                 = 'ImageFabric'
    CompanyName            = 'ImageFabric'
    Copyright              = '(c) ImageFabric. All rights reserved.'
    Description            = 'DSC resources for stores of virtual machine images, images on hosts, and virtual machines made from them: for PowerShell DSC and, by resource manifests, for DSC 3.'
    PowerShellVersion      = '5.1'
    DotNetFrameworkVersion = '4.7.2'
    CompatiblePSEditions   = @('Desktop', 'Core')
    RequiredModules        = @(@{ ModuleName = 'ImageFabric'; RequiredVersion = '0.0.0' })
    FunctionsToExport      = @()
    # PowerShell 7 finds DSC resources of a module that is not loaded only where one of the three lists of commands is left out, here that of cmdlets.
    AliasesToExport        = @()
    VariablesToExport      = @()
    DscResourcesToExport   = @('VmFromImageOnHost', 'VmImageOnHost', 'VmImageStore')
    PrivateData            = @{
        PSData = @{
            Tags = @('DSC', 'DesiredStateConfiguration', 'KVM', 'S3', 'VirtualMachine', 'Image', 'Windows', 'Linux')
        }
    }
}
