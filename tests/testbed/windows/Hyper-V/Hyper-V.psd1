@{
    RootModule           = 'Hyper-V.psm1'
    ModuleVersion        = '2.0.0.0'
    CompatiblePSEditions = @('Desktop', 'Core')
    GUID                 = '6b7a1b0c-55c5-4a7e-9d20-6a5c3f1e9c11'
    Description          = 'A stand-in for the Hyper-V module, for tests: its cmdlets check what the real ones check, and keep machines in a state file.'
    FunctionsToExport    = '*'
    CmdletsToExport      = @()
    AliasesToExport      = @()
}
