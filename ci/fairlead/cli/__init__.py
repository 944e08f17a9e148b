"""The command line: ``root`` holds the table of verbs, each verb has a module of its own, or a folder.

Nothing is imported here: ``fairlead validate`` finds its way in without click.
"""
