"""Images: built for every platform (``build``), scanned on every platform (``scan``), published by digest (``registry``)."""
