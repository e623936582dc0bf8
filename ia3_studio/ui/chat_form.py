"""What does one prompt of the chat consist of? Variants, histories and sampling settings, as the page sends them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from ia3_studio.chat import ChatSettings
from ia3_studio.chat.settings import Weights
from ia3_studio.errors import StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui import text
from ia3_studio.ui.chat_history import History, aligned
from ia3_studio.ui.chat_variants import BASE, CURRENT, MAX_RESPONSES, Merge
from ia3_studio.ui.forms import labeled

DEFAULTS = ChatSettings()


@dataclass(frozen=True)
class ChatForm:
    """The values of all fields of the chat.

    Those that are named as a field of :class:`~ia3_studio.chat.ChatSettings` are its settings.
    """

    key: str = field(default="", metadata=labeled(text.CURRENT_RUN))
    """The run or imported adapter that is selected, as in :mod:`ia3_studio.ui.current_run`."""
    model: str = field(default="", metadata=labeled(text.MODEL_LABEL))
    """The model in use while no run is selected."""
    prompt: str = field(default="", metadata=labeled(text.PROMPT))
    count: int = field(default=2, metadata=labeled(words.RESPONSE_COUNT))
    """Responses that are shown."""
    variants: tuple[str, ...] = field(
        default=(BASE, *(CURRENT,) * (MAX_RESPONSES - 1)), metadata=labeled(words.RESPONSE)
    )
    """Who responds in each, as in :mod:`ia3_studio.ui.chat_variants`."""
    strengths: tuple[float, ...] = field(default=(1.0,) * MAX_RESPONSES, metadata=labeled(words.STRENGTH))
    histories: tuple[History, ...] = field(default=([],) * MAX_RESPONSES, metadata=labeled(words.RESPONSE))
    temperature: float = field(default=DEFAULTS.temperature, metadata=labeled(text.TEMPERATURE))
    top_p: float = field(default=DEFAULTS.top_p, metadata=labeled(text.TOP_P))
    top_k: int | None = field(default=DEFAULTS.top_k, metadata=labeled(text.TOP_K))
    repetition_penalty: float = field(default=DEFAULTS.repetition_penalty, metadata=labeled(words.PENALTY))
    max_new_tokens: int = field(default=DEFAULTS.max_new_tokens, metadata=labeled(text.MAX_NEW_TOKENS))
    seed: int | None = field(default=DEFAULTS.seed, metadata=labeled(text.SEED))
    weights: Weights = field(default=DEFAULTS.weights, metadata=labeled(words.WEIGHTS))
    system_prompt: str = field(default="", metadata=labeled(text.SYSTEM_PROMPT))
    active_sites: str = field(default="", metadata=labeled(words.ACTIVE_SITES))
    """Selected rows of the layer tree; empty until the tree is filled, which mutes nothing."""
    second_adapter: str = field(default="", metadata=labeled(words.SECOND_ADAPTER))
    first_weight: float = field(default=0.5, metadata=labeled(words.FIRST_WEIGHT))
    second_weight: float = field(default=0.5, metadata=labeled(words.SECOND_WEIGHT))

    @property
    def shown_histories(self) -> list[History]:
        """Return the histories of the responses that are shown, all with the same questions.

        Raises:
            StudioError: there are not that many responses.
        """
        if not 1 <= self.count <= MAX_RESPONSES:
            raise StudioError(words.count_out_of_range(self.count, MAX_RESPONSES))
        return aligned(self.histories[: self.count])

    @property
    def merge(self) -> Merge:
        """Return how the merged adapter is made.

        Raises:
            StudioError: a weight is out of its range.
        """
        return Merge(self.second_adapter, self.first_weight, self.second_weight)

    @property
    def settings(self) -> ChatSettings:
        """Return the sampling settings; an empty number is 0.

        Raises:
            StudioError: one is out of its range.
        """
        values: dict[str, Any] = {each.name: getattr(self, each.name) or 0 for each in fields(ChatSettings)}
        return ChatSettings(**values)
