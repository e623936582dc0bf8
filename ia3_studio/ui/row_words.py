"""Which words head the columns of the first rows?"""

from __future__ import annotations

CHOICE_COLUMNS = ("Row", "Question", "Choices", "Correct choice")
LABEL_COLUMNS = ("Row", "Text", "Label")
TEXT_COLUMNS = ("Row", "Text")
PAIR_COLUMNS = ("Row", "Prompt", "Answer")
CONVERSATION_COLUMNS = ("Row", "Conversation")
