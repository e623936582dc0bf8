"""Prompt → token stream: one model, several variants, side by side."""

from ia3_studio.chat.answers import Answer, Token
from ia3_studio.chat.reply import reply
from ia3_studio.chat.settings import PRESETS, ChatSettings
from ia3_studio.chat.variants import Variant

__all__ = ["PRESETS", "Answer", "ChatSettings", "Token", "Variant", "reply"]
