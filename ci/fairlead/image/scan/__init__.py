"""Images scanned on every platform, and the verdict, which is never green because nothing was looked at."""
