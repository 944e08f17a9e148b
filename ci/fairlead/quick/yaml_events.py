"""libyaml's event parser, without the rest of PyYAML.

``import yaml`` takes 30 ms, nearly all of it regular expressions of the pure Python reader, resolver and
constructors, which nothing here uses; the parser alone takes 4 ms. Its module looks at eight error classes of
the package when it is loaded: stand-ins with the same bases take their place. The package itself is loaded when
somebody asks it for anything else, so ``import yaml`` elsewhere in the process works as ever.

Where PyYAML was built without libyaml, or was imported before, the package's own parser is used.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any
else:
    # `types` is not imported yet this early.
    ModuleType = type(sys)

_STANDS_IN = (
    "reader",
    "scanner",
    "parser",
    "composer",
    "constructor",
    "emitter",
    "serializer",
    "representer",
)


_lock = allocate_lock()


def event_parser() -> Any:
    """The class of the parser: ``event_parser()(text)`` has ``get_event()``, None at the end, and ``dispose()``.

    It raises ``yaml.error.MarkedYAMLError`` for what is no YAML, and ``yaml.error.YAMLError`` for a character
    that no YAML may hold.
    """
    with _lock:
        loaded = sys.modules.get("yaml._yaml")
        if loaded is not None:
            return loaded.CParser
        if "yaml" not in sys.modules:
            try:
                return _load_alone().CParser
            except (ImportError, AttributeError):
                pass
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Package(ModuleType):
    """The package ``yaml`` before anybody wants more of it than the parser: then it is loaded in its place."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        spec = self.__spec__
        assert spec is not None
        assert spec.loader is not None
        self.__class__ = ModuleType  # type: ignore[assignment] # an ordinary module from here on
        spec.loader.exec_module(self)
        return getattr(self, name)


class _CharacterError(Exception):
    """What ``yaml.reader.ReaderError`` holds."""

    def __init__(self, name: str, position: int, character: int, encoding: str, reason: str) -> None:
        super().__init__(reason)
        self.name, self.position, self.character = name, position, character
        self.encoding, self.reason = encoding, reason


def _load_alone() -> ModuleType:
    """Load ``yaml._yaml`` with a package around it that holds only what it looks at.

    Raises:
        ImportError: PyYAML is not there, or has no libyaml.
    """
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("yaml")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("yaml")
    package: Any = _Package("yaml")
    package.__spec__, package.__loader__, package.__file__ = spec, spec.loader, spec.origin
    package.__path__, package.__package__ = spec.submodule_search_locations, "yaml"
    sys.modules["yaml"] = package
    try:
        import yaml.error
        import yaml.events
        import yaml.nodes
        import yaml.tokens

        for name in _STANDS_IN:
            bases = (
                (_CharacterError, yaml.error.YAMLError) if name == "reader" else (yaml.error.MarkedYAMLError,)
            )
            module: Any = ModuleType(f"yaml.{name}")
            error = f"{name.capitalize()}Error"
            setattr(module, error, type(error, bases, {}))
            setattr(package, name, module)
        import yaml._yaml as alone
    except BaseException:
        del sys.modules["yaml"]
        raise
    finally:
        for name in _STANDS_IN:
            vars(package).pop(name, None)
    return alone
