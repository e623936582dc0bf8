"""Which errors do PEFT's names raise? Our sentences, of the classes that a program written for PEFT catches.

ValueError     a name, a config or a file that does not fit      ConfigError, NoMatchingPeftModuleError, NameTaken…
RuntimeError   tensors of another shape, as torch raises         MisfitError
TypeError      a value of another type                           KindError
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ia3_studio.errors import AdapterError, SelectionError, StudioError


class PeftError(Exception):
    """PEFT's base of its own errors."""


class PeftWarning(UserWarning):
    """PEFT's base of its own warnings."""


class ConfigError(SelectionError, ValueError):
    """A config that contradicts itself, or does not fit the model."""


class NoMatchingPeftModuleError(PeftError, ConfigError):
    """A config that hits no module of the model."""


class StateError(AdapterError, ValueError):
    """An adapter that does not exist, is taken, is merged, or cannot be read."""


class MisfitError(StateError, RuntimeError):
    """Tensors that the model has no place for, as torch's ``load_state_dict`` refuses them."""


class KindError(StateError, TypeError):
    """A value, or a module, of the wrong kind."""


@contextmanager
def as_peft_raises() -> Iterator[None]:
    """Raise the method's errors as subclasses of what PEFT raises inside a ``with`` block."""
    try:
        yield
    except ValueError:
        raise
    except SelectionError as error:
        raise ConfigError(str(error)) from error
    except StudioError as error:
        raise StateError(str(error)) from error
