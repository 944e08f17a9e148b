"""The agent: everything that runs on the server. Standard library only, Python 3.9 or newer, imports only itself."""
