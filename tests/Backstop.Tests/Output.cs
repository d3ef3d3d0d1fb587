// What verbs print goes to the test that calls them, and is shown where that fails.
[assembly: Xunit.CaptureConsole]
