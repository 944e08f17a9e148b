"""The parts of a release document, each read on its own; ``wire.document`` puts them together."""
