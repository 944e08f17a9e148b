"""By what a secret is told: the name of a variable, the shape of a key, the place of a password in a text. Pure.

No regular expressions: whatever stands in somebody's file is looked at in a time that grows with its length.
"""
