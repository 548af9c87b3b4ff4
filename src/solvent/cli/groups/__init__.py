"""What may be asked for, one file a group of commands: options and help only, so that `--help` starts quickly.

The work of a command is in the file of its name one floor up and is imported when the command is called.
"""
