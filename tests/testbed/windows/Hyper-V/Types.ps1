# The types of the module's parameters and results, as far as the operation scripts see them.

enum StartAction { Nothing = 2; StartIfRunning = 3; Start = 4 }
enum CheckpointType { Disabled = 2; Production = 3; ProductionOnly = 4; Standard = 5 }
enum OnOffState { On; Off }
enum BootDevice { Floppy; CD; IDE; LegacyNetworkAdapter; NetworkAdapter; VHD }

class VirtualizationException : System.Exception {
    VirtualizationException([string] $message) : base($message) { }
}

class VirtualMachineBase {
    [guid] $Id
    [string] $Name
}

class VirtualMachine : VirtualMachineBase {
    [int] $Generation
    [string] $Path
    [string] $Notes
    [string] $State
    [long] $ProcessorCount
    [long] $MemoryStartup
    [long] $MemoryMinimum
    [long] $MemoryMaximum
    [bool] $DynamicMemoryEnabled
    [StartAction] $AutomaticStartAction
    [CheckpointType] $CheckpointType
    [bool] $AutomaticCheckpointsEnabled
    [object[]] $NetworkAdapters
}

class VMSnapshot : VirtualMachineBase {
    [object[]] $HardDrives
}

class VMComponentObject {
    [guid] $VMId
    [string] $Kind
    [int] $Index
}

class HardDiskDrive : VMComponentObject {
    [string] $Path
}

class DvdDrive : VMComponentObject {
    [string] $Path
}

class VMNetworkAdapterBase : VMComponentObject {
    [string] $Name
    [string] $SwitchName
    [string] $MacAddress
    [object] $VlanSetting
    [string[]] $IPAddresses
}

class VMNetworkAdapter : VMNetworkAdapterBase {
}
