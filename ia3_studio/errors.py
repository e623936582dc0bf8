"""Which errors can a user meet, and what does each tell them to do?

    StudioError
    ├── ModelError       a model that cannot be found, read or scaled
    ├── SelectionError   sites that do not exist or cannot be scaled together
    ├── AdapterError     an adapter file that is missing, damaged or made for another model
    ├── DataError        data that cannot be read or has nothing to train on
    │   └── OneFileError      files that form no table together, of which one can be chosen
    ├── TrainingError    a training job that cannot start or continue
    │   └── RowMemoryError    a single row needs more memory than there is
    ├── LostProcessError one of several processes of a job ended or does not answer
    │   └── FailedAloneError  this process failed where the others wait for it
    │       └── FullMemoryError   it ran out of memory there: smaller forward passes may fit
    ├── RunError         a run folder that is missing, busy or damaged
    └── ExportError      a failed export: no disk space, no conversion, rejected by the Hub

Every message is one or two sentences for the user: what was asked, what was found, what to do. Any other exception
is a bug.
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
    """Data cannot be read, or has nothing to train on."""


class OneFileError(DataError):
    """Files form no table together, but one of them may be one.

    Args:
        sentence: what was found, and what to do.
        files: those that can be chosen.
    """

    def __init__(self, sentence: str, files: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.files = files


class TrainingError(StudioError):
    """Training cannot start or continue."""


class RowMemoryError(TrainingError):
    """A single row needs more memory than there is."""


class LostProcessError(StudioError):
    """One of several processes of a job ended before the job, failed, or does not answer."""


class FailedAloneError(LostProcessError):
    """This process failed inside a pass that others wait for: it can only end, and they with it."""


class FullMemoryError(FailedAloneError):
    """This process ran out of memory inside a pass that others wait for: all may start again with smaller passes.

    Args:
        sentence: what happened.
        tokens: how many tokens per pass of training may fit; 0 if it was not training.
        parts: into how many parts a pass of the evaluation is to be cut; 0 if it was not evaluating.
    """

    def __init__(self, sentence: str, tokens: int = 0, parts: int = 0) -> None:
        super().__init__(sentence)
        self.tokens = tokens
        self.parts = parts


class RunError(StudioError):
    """A run folder is missing, busy or damaged."""


class ExportError(StudioError):
    """An export failed: no disk space, no conversion, or rejected by the Hub."""


def first_line(error: BaseException) -> str:
    """Return the first line of a foreign error, at most 200 characters; the name of its class if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
