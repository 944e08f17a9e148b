"""Images: built for every platform, scanned on every platform, published by digest."""
