using Backstop.Deliver;

return DeliveryAgent.Run(
    args, Path.GetFileName(Environment.GetCommandLineArgs()[0]) is "procmail" ? "procmail" : "backstop", "Backstop 0.1.0");
