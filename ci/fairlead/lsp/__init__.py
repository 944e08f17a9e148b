"""The language server: what ``fairlead validate`` knows, beside the text that somebody is writing."""
