"""Which parts of an adapter matter? The held-out loss with a part muted, with only that part kept, and pruned.

Every number is measured: the vectors of the attachment are replaced, the loss is taken, and they are put back. Heads
that were trained with the vectors stay in place throughout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from ia3_studio.errors import DataError
from ia3_studio.insight.deviation import layer_names
from ia3_studio.old_names import ABLATION
from ia3_studio.training.report import Progress
from ia3_studio.typed import typed

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.method.adapter import Adapter
    from ia3_studio.method.scaling import Attachment

Kind = Literal["role", "layer"]
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
"""Shares of the parameters on the pruning curve, in addition to 0 and 1."""


@dataclass(frozen=True)
class Part:
    """Some sites of an adapter that are muted together."""

    kind: Kind
    name: str
    """The role, or the layer: "7", or "encoder: 7" where there are several stacks; "outside" what is in no layer."""
    sites: tuple[str, ...]
    """Names of its sites."""
    parameters: int


@dataclass(frozen=True)
class AblatedPart:
    """The held-out loss without one part, and with nothing but it, in nats."""

    kind: Kind
    name: str
    parameters: int
    loss_without: float
    loss_with_only: float


@dataclass(frozen=True)
class Pruned:
    """The held-out loss when only the largest deviations are kept."""

    share: float
    parameters: int
    loss: float


@dataclass(frozen=True)
class AblationReport:
    """The measured losses, in nats per label token or labeled row."""

    base: float
    """Every vector at 1: the base model, with the head where one was trained."""
    tuned: float
    """The adapter as it is."""
    rows: int
    """Held-out rows that were measured."""
    parts: tuple[AblatedPart, ...]
    curve: tuple[Pruned, ...]

    @property
    def enough(self) -> float | None:
        """Return the smallest share of the parameters that brings most of the gain; None if there is no gain."""
        gain = self.base - self.tuned
        if gain <= 0:
            return None
        return next((point.share for point in self.curve if self.base - point.loss >= MOST_OF_IT * gain), None)

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> AblationReport:
        """Read a report written by :meth:`to_json`.

        Raises:
            DataError: the text is not a report.
        """
        try:
            report = ABLATION.replaced(json.loads(text))
            lists = {name: ABLATION.replaced_in_each(report.get(name)) for name in ("parts", "curve")}
            return typed(cls, report | lists)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"The ablation report cannot be read ({error}); run the ablation again.") from error

    def table(self) -> pd.DataFrame:
        """Return one row a part and a share, with how much of the gain each accounts for."""
        import pandas as pd

        parts = [
            {
                "part": f"{each.kind} {each.name}", "parameters": each.parameters, "loss_without": each.loss_without,
                "loss_with_only": each.loss_with_only, "lost_without": each.loss_without - self.tuned,
                "gain_alone": self.base - each.loss_with_only,
            }
            for each in self.parts
        ]  # fmt: skip
        curve = [
            {"part": f"largest {each.share:.0%}", "parameters": each.parameters, "loss_with_only": each.loss,
             "gain_alone": self.base - each.loss}
            for each in self.curve
        ]  # fmt: skip
        return pd.DataFrame([*parts, *curve])


def parts_of(adapter: Adapter) -> tuple[Part, ...]:
    """Return the roles of an adapter, where there are several, and its layers in order."""
    layers = layer_names([site.path for site in adapter.selection])
    by_part: dict[tuple[Kind, str], list[str]] = {}
    sizes: dict[tuple[Kind, str], int] = {}
    for site in adapter.selection:
        keys: tuple[tuple[Kind, str], ...] = (("role", site.role), ("layer", layers[site.path]))
        for key in keys:
            by_part.setdefault(key, []).append(site.name)
            sizes[key] = sizes.get(key, 0) + site.size
    found = [Part(kind, name, tuple(sites), sizes[kind, name]) for (kind, name), sites in by_part.items()]
    return tuple(sorted((part for part in found if _is_telling(part, found)), key=lambda part: part.kind == "layer"))


def ablate(
    attachment: Attachment, loss: Callable[[], float], rows: int, shares: Sequence[float] = SHARES
) -> Generator[Progress, None, AblationReport]:
    """Measure every part; yield how far it is. The attachment has its own vectors again afterwards.

    Args:
        attachment: the attached adapter.
        loss: returns the mean held-out loss of the model in its current state.
        rows: how many rows ``loss`` measures, for the report.
        shares: of the parameters kept on the pruning curve.

    Raises:
        TrainingError: as ``loss``.
    """
    from ia3_studio.method.algebra import at_strength, mute, prune

    adapter = attachment.adapter()
    parts = parts_of(adapter)
    total, done = 2 + 2 * len(parts) + len(shares), 0

    def measured(changed: Adapter) -> float:
        with _replaced(attachment, changed):
            return loss()

    everything, nothing = measured(adapter), measured(at_strength(adapter, 0))
    done += 2
    yield Progress(done, total)
    losses: list[AblatedPart] = []
    for part in parts:
        others = [site.name for site in adapter.selection if site.name not in set(part.sites)]
        muted = measured(mute(adapter, names=part.sites))
        kept = measured(mute(adapter, names=others)) if others else everything
        losses.append(AblatedPart(part.kind, part.name, part.parameters, muted, kept))
        done += 2
        yield Progress(done, total)
    curve = [Pruned(0.0, 0, nothing)]
    for share in shares:
        curve.append(Pruned(share, round(share * adapter.vector.numel()), measured(prune(adapter, share))))
        done += 1
        yield Progress(done, total)
    curve.append(Pruned(1.0, adapter.vector.numel(), everything))
    return AblationReport(nothing, everything, rows, tuple(losses), tuple(curve))


def sentence(report: AblationReport) -> str:
    """Say in words which parts carry the gain."""
    gain = report.base - report.tuned
    if gain <= 0:
        return (
            f"On {report.rows} held-out rows the adapter does not lower the loss ({report.tuned:.3f}, "
            f"{report.base:.3f} without it), so there is no gain to attribute to its parts."
        )
    said = f"The adapter lowers the loss of {report.rows} held-out rows from {report.base:.3f} to {report.tuned:.3f}."
    roles = [part for part in report.parts if part.kind == "role"]
    if roles:
        dearest = max(roles, key=lambda part: part.loss_without)
        lost = _share(dearest.loss_without - report.tuned, gain)
        said += f" Without its {dearest.name} vectors {lost} of that gain is lost."
    layers = [part for part in report.parts if part.kind == "layer"]
    if layers:
        dearest = max(layers, key=lambda part: part.loss_without)
        said += f" The most important layer is {dearest.name} ({_share(dearest.loss_without - report.tuned, gain)})."
    if report.enough is not None and report.enough < 1:
        said += f" The largest {report.enough:.0%} of its parameters alone bring {MOST_OF_IT:.0%} of the gain."
    return said


MOST_OF_IT = 0.9
"""A pruned adapter that keeps this share of the gain is named."""


@contextmanager
def _replaced(attachment: Attachment, adapter: Adapter) -> Iterator[None]:
    before = attachment.parameter.detach().clone()
    attachment.parameter.data.copy_(adapter.vector)
    try:
        yield
    finally:
        attachment.parameter.data.copy_(before)


def _is_telling(part: Part, parts: Sequence[Part]) -> bool:
    """Say whether muting the part differs from muting everything."""
    return sum(other.kind == part.kind for other in parts) > 1


def _share(lost: float, gain: float) -> str:
    return f"{lost / gain:.0%}" if lost > 0 else "none"
