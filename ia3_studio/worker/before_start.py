"""What is said before a run starts: where its weights will go, and why."""

from __future__ import annotations

from ia3_studio.models.device import is_cpu_build
from ia3_studio.models.sharding_plan import Sharding
from ia3_studio.worker.ranks import process_count


def placement_sentence(model: str, sharding: Sharding, processes: int) -> str:
    """Return where the weights of a model will go; empty where one device has all, or the model is not here yet.

    Args:
        model: a starter's name, a Hub id, a folder or a GGUF file.
        sharding: the setting of the run.
        processes: the setting of the run.

    Raises:
        RunError: the machine has fewer GPUs than processes, or the weights fit nowhere.
        ModelError: the text names no model.
    """
    if processes <= 1 and sharding in ("auto", "none") and is_cpu_build():
        return ""  # torch is not imported for this
    from ia3_studio.models.placement import plan_before_start

    return plan_before_start(model, sharding, process_count(processes))
