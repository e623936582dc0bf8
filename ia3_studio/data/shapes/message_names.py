"""What are the columns of messages called in other languages? The same in logs and in rows of turns."""

from __future__ import annotations

SPEAKERS = (
    "absender", "remitente", "expéditeur", "mittente", "remetente", "afzender", "nadawca", "отправитель",
    "发送者", "发送人", "发送方", "说话人", "送信者", "発信者", "발신자",
    "avsändare", "afsender", "avsender", "lähettäjä", "odesílatel", "odosielateľ", "feladó", "αποστολέας", "gönderen",
    "المرسل", "שולח", "відправник", "ngườigửi", "pengirim", "ผู้ส่ง", "寄件人", "發送者", "發送人", "expeditor",
    "pošiljatelj", "подател",
)  # fmt: skip
TEXTS = (
    "nachricht", "mensaje", "messaggio", "mensagem", "wiadomość", "сообщение", "消息", "メッセージ", "메시지",
    "meddelande", "besked", "melding", "viesti", "zpráva", "správa", "üzenet", "μήνυμα", "mesaj", "الرسالة", "رسالة",
    "הודעה", "повідомлення", "tinnhắn", "pesan", "ข้อความ", "訊息", "bericht", "poruka", "съобщение", "sporočilo",
)  # fmt: skip
TIMES = (
    "zeit", "zeitstempel", "datum", "fecha", "hora", "heure", "время", "дата", "时间", "日期", "時間", "日時", "시간",
)  # fmt: skip
