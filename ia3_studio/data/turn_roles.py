"""Which of five roles does a turn have, whatever it is called? In the dialects of data sets and in many languages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon.concepts import words_for, words_in

Role = Literal["system", "user", "assistant", "tool", "call"]
ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "instruction": "system", "system_prompt": "system",
    "system_message": "system", "instructions": "system", "система": "system", "системный_промпт": "system",
    "系统": "system", "系統": "system", "システム": "system", "시스템": "system", "sistema": "system",
    "système": "system",
    "user": "user", "human": "user", "prompter": "user", "customer": "user", "client": "user", "end_user": "user",
    "patient": "user", "seeker": "user", "student": "user", "caller": "user", "visitor": "user", "lead": "user",
    "contact": "user", "requester": "user", "driver": "user", "apprentice": "user", "wizard": "assistant",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "ai": "assistant",
    "chatgpt": "assistant", "chatbot": "assistant", "agent": "assistant", "llm": "assistant", "moss": "assistant",
    "ai_assistant": "assistant", "doctor": "assistant", "physician": "assistant", "therapist": "assistant",
    "counselor": "assistant", "counsellor": "assistant", "supporter": "assistant", "tutor": "assistant",
    "teacher": "assistant", "support": "assistant", "support_agent": "assistant", "representative": "assistant",
    "admin": "assistant", "operator": "assistant", "staff": "assistant", "rep": "assistant", "csr": "assistant",
    "consultant": "assistant", "expert": "assistant", "advisor": "assistant", "manager": "assistant",
    "specialist": "assistant", "seller": "assistant", "vendor": "assistant", "менеджер": "assistant",
    "продавец": "assistant", "покупатель": "user", "buyer": "user",
    "kunde": "user", "kundin": "user", "cliente": "user", "klient": "user", "klant": "user", "usuario": "user",
    "utilisateur": "user", "utente": "user", "nutzer": "user", "клиент": "user", "пользователь": "user",
    "客户": "user", "用户": "user", "顾客": "user", "お客様": "user", "顧客": "user", "고객": "user",
    "berater": "assistant", "mitarbeiter": "assistant", "asesor": "assistant", "agente": "assistant",
    "conseiller": "assistant", "operatore": "assistant", "atendente": "assistant", "medewerker": "assistant",
    "konsultant": "assistant", "оператор": "assistant", "客服": "assistant", "オペレーター": "assistant",
    "assistent": "assistant", "asistente": "assistant", "assistente": "assistant", "asystent": "assistant",
    "asistan": "assistant", "ассистент": "assistant", "помощник": "assistant", "бот": "assistant",
    "модель": "assistant", "助手": "assistant", "助理": "assistant",
    "アシスタント": "assistant", "어시스턴트": "assistant",
    "benutzer": "user", "gebruiker": "user", "usuário": "user", "użytkownik": "user", "kullanıcı": "user",
    "юзер": "user", "ユーザー": "user", "使用者": "user", "사용자": "user",
    "müşteri_temsilcisi": "assistant", "asiakas": "user", "khách_hàng": "user", "nhân_viên": "assistant",
    "pelanggan": "user", "doradca": "assistant", "operador": "assistant", "operadora": "assistant",
    "comprador": "user", "vendedor": "assistant", "买家": "user", "卖家": "assistant", "顾问": "assistant",
    "상담원": "assistant", "상담사": "assistant",
    "arzt": "assistant", "ärztin": "assistant", "médico": "assistant", "médecin": "assistant", "medico": "assistant",
    "врач": "assistant", "лікар": "assistant", "lekarz": "assistant", "lékař": "assistant", "läkare": "assistant",
    "doktor": "assistant", "hekim": "assistant", "γιατρός": "assistant", "orvos": "assistant", "医生": "assistant",
    "医師": "assistant", "의사": "assistant", "الطبيب": "assistant", "רופא": "assistant",
    "patientin": "user", "paciente": "user", "paziente": "user", "пациент": "user", "пацієнт": "user",
    "pacjent": "user", "pacient": "user", "hasta": "user", "ασθενής": "user", "beteg": "user", "患者": "user",
    "환자": "user", "المريض": "user", "patiënt": "user",
    "anwalt": "assistant", "anwältin": "assistant", "mandant": "user", "mandantin": "user", "avocat": "assistant",
    "abogado": "assistant", "advogado": "assistant", "avvocato": "assistant", "юрист": "assistant",
    "lehrer": "assistant", "lehrerin": "assistant", "schüler": "user", "schülerin": "user", "profesor": "assistant",
    "professor": "assistant", "alumno": "user", "alumna": "user", "aluno": "user", "élève": "user",
    "teilnehmer": "user", "müşteri": "user", "temsilci": "assistant", "ügyfél": "user", "ügyintéző": "assistant",
    "zákazník": "user", "operátor": "assistant", "πελάτης": "user", "kund": "user", "handläggare": "assistant",
    "доктор": "assistant", "консультант": "assistant", "клієнт": "user", "לקוח": "user",
    "נציג": "assistant", "العميل": "user", "الموظف": "assistant", "坐席": "assistant", "学生": "user",
    "老师": "assistant",
    "interviewer": "user", "interviewerin": "user", "journalist": "user", "journalistin": "user",
    "entrevistador": "user", "entrevistadora": "user", "intervieweur": "user", "intervistatore": "user",
    "интервьюер": "user", "interviewee": "assistant", "entrevistado": "assistant", "entrevistada": "assistant",
    "interviewé": "assistant", "intervistato": "assistant",
    "service_client": "assistant", "service_clients": "assistant", "customer_service": "assistant",
    "customer_support": "assistant", "kundenservice": "assistant", "kundendienst": "assistant",
    "servicio_al_cliente": "assistant", "atención_al_cliente": "assistant", "atendimento_ao_cliente": "assistant",
    "servizio_clienti": "assistant", "assistenza_clienti": "assistant", "klantenservice": "assistant",
    "obsługa_klienta": "assistant", "kundtjänst": "assistant", "служба_поддержки": "assistant",
    "поддержка": "assistant",
    "user_message": "user", "human_message": "user", "humanmessage": "user", "assistant_message": "assistant",
    "ai_message": "assistant", "aimessage": "assistant", "bot_message": "assistant", "agent_message": "assistant",
    "incoming": "user", "inbound": "user", "outgoing": "assistant", "outbound": "assistant",
    "outbound_api": "assistant", "outbound_reply": "assistant",
    "function_call": "call", "tool_call": "call", "tool_calls": "call",
    "observation": "tool", "tool": "tool", "function": "tool", "tool_response": "tool", "function_response": "tool",
    "tool_result": "tool", "ipython": "tool",
}  # fmt: skip
"""What a turn's role is called, in lower case, with "_" for blanks and hyphens."""
ONESELF = frozenset(("you", "me", "myself"))
"""What a log calls the person whose it is."""


def known_role(name: str) -> Role | None:
    """Return the role that a name is known as, also by its last word as in "VirtualAgent"; None for other names.

    Example:
        >>> known_role("USER:"), known_role("0_VirtualAgent"), known_role("captain")
        ('user', 'assistant', None)
    """
    name = _COUNTED.sub("", name, count=1)
    if role := ROLES.get(role_key(name)) or (_role_in_any_language(name) if len(name) <= _LONGEST_KEY else None):
        return role
    words = _WORDS.findall(name) if len(name) <= _LONGEST_KEY else []
    if len(words) in (2, 3) and words[-1].lower() in _LAST_WORDS:
        return ROLES.get(words[-1].lower())
    if len(words) == len(("AI", "model")) and len(both := {ROLES.get(word.lower()) for word in words}) == 1:
        return both.pop()
    return "assistant" if len(name) <= _LONGEST_KEY and _is_kind_of_assistant(name) else None


def _is_kind_of_assistant(name: str) -> bool:
    """Say whether a name is of two words or three, the first or the last of which is an assistant in some language.

    As in KI-Assistent or asistente virtual.
    """
    words = [folded(word).casefold() for word in re.split(r"[\s_-]+", name.strip().strip(_MARKS).strip())]
    return len(words) in (2, 3) and bool(_ASSISTANTS & {words[0], words[-1]}) and not _ASKERS & {*words}


_COUNTED = re.compile(r"^\d{1,2}_(?=[^\W\d_])")
"""The number of a speaker before what they are, as in 0_Wizard."""


@lru_cache(1_000)
def _role_in_any_language(name: str) -> Role | None:
    """Return the role of somebody who asks or answers, by a word of the lexicon other than English."""
    said = folded(role_key(name)).casefold()
    return "user" if said in _ASKERS else "assistant" if said in _ANSWERERS else None


_ASKERS = words_for("asker") - words_for("answerer") - words_in("en", "asker", "answerer")
_ANSWERERS = words_for("answerer") - words_for("asker") - words_in("en", "asker", "answerer")
_ASSISTANTS = frozenset(
    folded(word).casefold() for word in (
        "assistant", "assistent", "asistente", "assistente", "asystent", "asistan", "ассистент", "помощник", "помічник",
        "chatbot", "asistent", "assistente", "avustaja", "βοηθός",
    )
)  # fmt: skip
"""Words for who answers that nothing else is called."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LAST_WORDS = frozenset(
    ("user", "customer", "visitor", "human", "client", "caller", "agent", "bot", "assistant", "chatbot", "operator")
)
"""Words that say who speaks at the end of a name, such as "end user" or "live agent"."""


def role_key(name: Any) -> str:
    """Return the name of a role or a key as it is in ``ROLES`` and ``PAIR_KEYS``."""
    return _role_key(name) if isinstance(name, str) and len(name) <= _LONGEST_KEY else _role_key_of(name)


def _role_key_of(name: Any) -> str:
    return re.sub(r"[\s_-]+", "_", str(name).replace(".", "").strip().strip(_MARKS).strip().lower())


_role_key = lru_cache(1_000)(_role_key_of)
"""The few roles and keys of a file are asked for in each of its turns."""
_LONGEST_KEY = 60
_MARKS = "<|>:[]#*"
"""What may stand around the name of a role, as in <|user|> and USER:"""


def turn_key(name: Any) -> str:
    """Return the key of a turn in lower case."""
    return name if isinstance(name, str) and name.islower() and name.isalpha() else str(name).strip().lower()


def is_empty(value: Any) -> bool:
    """Say whether a value of a turn is missing, or an empty text, list or object."""
    return value is None or (isinstance(value, str | list | dict) and not value)
