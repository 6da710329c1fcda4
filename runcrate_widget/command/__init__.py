"""The command line. `main` runs one command; `options` says which there are. Each is a function of what was
asked and of `Out`, gives an exit code, and imports the client when it is called, not before."""
