"""What are the columns of messages called in other languages? The same in logs and in rows of turns."""

from __future__ import annotations

SPEAKERS = (
    "absender", "remitente", "expéditeur", "mittente", "remetente", "afzender", "nadawca", "отправитель",
    "发送者", "发送人", "发送方", "说话人", "送信者", "発信者", "발신자",
)  # fmt: skip
TEXTS = (
    "nachricht", "mensaje", "messaggio", "mensagem", "wiadomość", "сообщение", "消息", "メッセージ", "메시지",
)  # fmt: skip
TIMES = (
    "zeit", "zeitstempel", "datum", "fecha", "hora", "heure", "время", "дата", "时间", "時間", "日時", "시간",
)  # fmt: skip
