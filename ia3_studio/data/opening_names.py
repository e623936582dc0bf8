"""Which columns hold what precedes a prompt, by their names: a system prompt, or the turns before it?"""

from __future__ import annotations

from collections.abc import Iterable

from ia3_studio.data.column_names import bare_name, name_words, says
from ia3_studio.data.folding import folded

_STEMS = ("system", "sistem", "систем")
_LONGEST_FORM = 9
"""How the word for system begins, and the letters that it has with an ending in other languages."""
_SYSTEM_UNSPACED = ("系统", "系統", "システム", "시스템")
_SAID = frozenset(folded("""
    prompt prompts message messages instruction instructions text content role nachricht anweisung mensaje
    instruccion instrucciones istruzioni messaggio mensagem instrucoes invite consigne de del do du der промпт
    сообщение инструкция 프롬프트 메시지
""").casefold().split())  # fmt: skip
"""What the name of a system prompt may have beside the word for system."""
_LONGEST_UNSPACED = 10
_HISTORY = frozenset(folded("""
    history historial historique historico historie historia storico verlauf geschiedenis gecmis история історія
    历史 歷史 履歴 이력 이전_대화 대화_기록 previous_turns previous_messages prior_turns prior_messages past_turns
    past_messages earlier_turns previous_conversation previous_dialogue past_conversation
    context_messages context_turns
""").casefold().split())  # fmt: skip


def system_columns(columns: Iterable[str]) -> list[str]:
    """Return the columns that are called system, alone or with a word for what is said, those without first.

    Example:
        >>> system_columns(["operating_system", "System-Prompt", "系统提示词", "system"])
        ['system', 'System-Prompt', '系统提示词']
    """
    return sorted(filter(_says_system, columns), key=lambda name: bare_name(name) != "system")


def _says_system(name: str) -> bool:
    if any(word in name for word in _SYSTEM_UNSPACED):
        return len(bare_name(name)) <= _LONGEST_UNSPACED
    others = [word for word in name_words(name) if not _is_system(word)]
    return bare_name(name) == "preamble" or (len(others) < len(name_words(name)) and {*others} <= _SAID)


def _is_system(word: str) -> bool:
    """Say whether a word is that for system, also with what is said behind it, as in Systemnachricht."""
    return word.startswith(_STEMS) and (len(word) <= _LONGEST_FORM or word[len("system") :] in _SAID)


def history_columns(columns: Iterable[str]) -> list[str]:
    """Return the columns that are called a history, those that are called nothing else first.

    Example:
        >>> history_columns(["text", "chat_history", "history", "历史对话"])
        ['history', 'chat_history', '历史对话']
    """
    return sorted((name for name in columns if says(name, _HISTORY)), key=lambda name: bare_name(name) != "history")
