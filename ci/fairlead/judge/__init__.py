"""The verdict on compose files: every layer that can look at them, the rules, what is mended, what was there before."""
