"""Images built for every platform with one bake."""
