using ImageFabric.Engine.CommandLine;
using ImageFabric.Engine.Output;

StandardOutput.TakeConsole();
return await EngineCommandLine.RunAsync(args);
