namespace Backstop.Recipes.Running;

/// <summary>A program as a recipe names it, ready to be run.</summary>
/// <param name="Arguments">The program and its arguments, values put in.</param>
/// <param name="Shown">The whole line, as LASTFOLDER and the log's abstract show it.</param>
/// <param name="Name">What complaints call it: procmail 3.22 names only the program where no shell reads the line.</param>
internal readonly record struct RecipeCommand(List<string> Arguments, string Shown, string Name);
