"""What an image is made of: indexes, manifests, and the folder in which one waits between the verbs."""
