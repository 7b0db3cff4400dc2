using ImageFabric.Engine.CommandLine;

return await EngineCommandLine.RunAsync(args);
