"""Which errors can a user meet, and what does each tell them to do?

    StudioError
    ├── ModelError       a model that cannot be found, read or scaled
    ├── SelectionError   sites that do not exist or cannot be scaled together
    ├── AdapterError     an adapter file that is missing, damaged or made for another model
    ├── DataError        data that cannot be read or holds nothing to learn from
    ├── TrainingError    a training job that cannot start or go on
    ├── RunError         a run folder that is missing, busy or damaged
    └── ExportError      something that cannot leave: no room, no conversion, a hub that refuses

Every message is one or two sentences for the person at the screen: what was asked, what was
found, what to do. Anything that is not a StudioError is a defect of the program.
"""


class StudioError(Exception):
    """A problem the user can understand and act on."""


class ModelError(StudioError):
    """A model cannot be found, read or scaled."""


class SelectionError(StudioError):
    """Sites do not exist, or cannot be scaled together."""


class AdapterError(StudioError):
    """An adapter file is missing, damaged or made for another model."""


class DataError(StudioError):
    """Data cannot be read, or holds nothing to learn from."""


class TrainingError(StudioError):
    """Training cannot start or cannot go on."""


class RunError(StudioError):
    """A run folder is missing, busy or damaged."""


class ExportError(StudioError):
    """Something cannot leave: there is no room or no conversion for it, or the hub refuses it."""
