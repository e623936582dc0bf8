"""Shapes of files of annotation jobs, help desks and vendors of fine-tuning, one for each rule that reads them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, mood, rows, said, workbook

CONVERSATION = "messages → conversation"
COMPARED = "chosen → chosen answer, rejected → rejected answer"
_MOODS = ("calm", "storm", "fog")


def labeled_job(row: int) -> dict[str, Any]:
    """Return a text with the number of its label, and what that is called in an object beside it."""
    about = {"class-name": mood(row), "job-name": "labeling-job/weather", "human-annotated": "yes"}
    return {"source": asked(row), "weather": row % 3, "weather-metadata": about}


def several_of_job(row: int) -> dict[str, Any]:
    """Return a text with the numbers of its labels, and what these are called."""
    numbers = [row % 3, (row + 1) % 3][: 1 + row % 2]
    names = {str(number): _MOODS[number] for number in numbers}
    return {"source": asked(row), "weather": numbers, "weather-metadata": {"class-map": names}}


def spans_of_job(row: int) -> dict[str, Any]:
    """Return a text with entities, as a labeling job writes them."""
    entities = [{"startOffset": 0, "endOffset": 5, "label": "SHIP"}]
    job = {"annotations": {"entities": entities, "labels": [{"label": "SHIP"}]}}
    return {"source": f"Ferry {row} to Turku", "ner": job, "ner-metadata": {"entities": [{"confidence": 0.9}]}}


def ticket(row: int) -> dict[str, Any]:
    """Return a ticket whose comments name their authors by an id, as Zendesk exports it."""
    texts = ((row + 100, asked(row), True), (7, "Ask the pilot.", False), (7, said(row), True))
    comments = [{"author_id": who, "body": text, "public": public} for who, text, public in texts]
    return {"id": row, "subject": "Ferry", "requester_id": row + 100, "comments": comments}


def archived_chat(row: int) -> dict[str, Any]:
    """Return a chat of LiveChat, whose events name people of a list by their ids."""
    people = [{"id": f"c{row}", "type": "customer"}, {"id": "max", "type": "agent"}]
    events = [{"type": "message", "text": asked(row), "author_id": f"c{row}"},
              {"type": "message", "text": said(row), "author_id": "max"}]  # fmt: skip
    return {"id": row, "users": people, "thread": {"id": f"t{row}", "events": events}}


def threads(row: int) -> dict[str, Any]:
    """Return a conversation of Help Scout, the last message first, whose users answer customers."""
    written = (("user", said(row), f"2024-03-02T10:00:{row:02}Z"), ("customer", asked(row), "2024-03-01T10:00:00Z"))
    made = [{"createdBy": {"type": who}, "body": text, "createdAt": when} for who, text, when in written]
    return {"id": row, "subject": "Ferry", "_embedded": {"threads": made}}


def text_message(row: int) -> str:
    """Return a received and a sent message, as Android's backups have them."""
    both = ((1, asked(row), 0), (2, said(row), 60_000))
    return "".join(
        f'<sms address="+358" date="{1_700_000_000_000 + row * 86_400_000 + late}" type="{kind}" body="{text}" />\n'
        for kind, text, late in both
    )


def numbered_turns(row: int) -> str:
    """Return two turns of a conversation, the answer first, with their numbers under a name of another language."""
    return f'{row},2,agente,"{said(row)}"\n{row},1,cliente,{asked(row)}'


def spans_in_french(row: int) -> dict[str, Any]:
    """Return a text with entities whose keys are French."""
    return {"texte": f"Ferry {row} to Turku", "entites": [{"debut": 0, "fin": 5, "etiquette": "BATEAU"}]}


def accepted(row: int) -> dict[str, Any]:
    """Return a question of a forum with two answers, of which the one with fewer votes was accepted."""
    answers = [{"body": "No idea.", "score": 9, "is_accepted": False},
               {"body": said(row), "score": 2, "is_accepted": True}]  # fmt: skip
    return {"title": f"Ferry {row}", "body": asked(row), "answers": answers}


def commented(row: int) -> dict[str, Any]:
    """Return a post with comments and their scores."""
    comments = [{"author": "a", "body": said(row), "score": 12}, {"author": "b", "body": "No idea.", "score": 3}]
    return {"id": f"p{row}", "title": asked(row), "selftext": f"I stand at berth {row}.", "comments": comments}


def contact(row: int) -> dict[str, Any]:
    """Return a call of a contact center, whose participants are called by their roles."""
    both = (("CUSTOMER", asked(row)), ("AGENT", said(row)))
    turns = [{"ParticipantId": who, "Content": text, "Sentiment": "NEUTRAL"} for who, text in both]
    return {"JobStatus": "COMPLETED", "Transcript": turns}


def tracked(row: int) -> dict[str, Any]:
    """Return the events of a chatbot, some of which are no turns."""
    events = [{"event": "action", "name": "action_listen"}, {"event": "user", "text": asked(row)},
              {"event": "bot", "text": said(row)}]  # fmt: skip
    return {"sender_id": f"s{row}", "slots": {}, "events": events}


def boxed(row: int) -> dict[str, Any]:
    """Return a text with what was chosen for it, as Labelbox exports it."""
    chosen = {"classifications": [{"name": "weather", "radio_answer": {"name": mood(row)}}], "objects": []}
    return {"data_row": {"id": row, "row_data": asked(row)}, "projects": {"p": {"labels": [{"annotations": chosen}]}}}


def boxed_spans(row: int) -> dict[str, Any]:
    """Return a text with an entity whose last character counts, as Labelbox exports it."""
    spans = {"classifications": [], "objects": [{"name": "SHIP", "location": {"start": 0, "end": 4}}]}
    text = {"id": row, "row_data": f"Ferry {row} to Turku"}
    return {"data_row": text, "projects": {"p": {"labels": [{"annotations": spans}]}}}


def extracted(row: int) -> dict[str, Any]:
    """Return a text with an entity, its places in an object inside, as Google's AutoML takes it."""
    place = {"text_segment": {"start_offset": 0, "end_offset": 5}}
    names = [{"display_name": "SHIP", "text_extraction": place}]
    return {"text_snippet": {"content": f"Ferry {row} to Turku"}, "annotations": names}


def displayed(row: int) -> dict[str, Any]:
    """Return a text with one label or two, as Vertex AI takes it."""
    names = [{"displayName": mood(row + more)} for more in range(1 + row % 2)]
    return {"textContent": asked(row), "classificationAnnotations": names}


VENDORS = (
    Shape("labels of a labeling job, named next to their numbers (Amazon Ground Truth)", "output.manifest",
          lines(labeled_job), "source → text, weather → label", 12),
    Shape("several labels of a labeling job", "labels.manifest", lines(several_of_job),
          "source → text, weather → several labels", 12),
    Shape("entities of a labeling job", "entities.manifest", lines(spans_of_job),
          "tokens → words, tags → one label per word", 12),
    Shape("tickets whose comments name their authors by an id (Zendesk)", "zendesk.ndjson", lines(ticket), CONVERSATION,
          12),
    Shape("chats whose events name people of a list (LiveChat)", "chats.json",
          json.dumps({"chats": [archived_chat(n) for n in range(12)]}), CONVERSATION, 12),
    Shape("messages of customers and of users of a help desk (Help Scout)", "threads.json",
          json.dumps([threads(n) for n in range(12)]), CONVERSATION, 12),
    Shape("one turn per row, in any order, with its number under any name", "turnos.csv",
          rows(numbered_turns, header="id_caso,turno,emisor,mensaje"), CONVERSATION, 12),
    Shape("one turn per row in Chinese", "chat.xlsx",
          workbook(A=[["会话ID", "发送方", "消息内容"],
                      *([f"S{n // 2}", ("客户", "客服")[n % 2], f"第{n}号渡轮几点开？"] for n in range(24))]),
          CONVERSATION, 12),
    Shape("two answers and the better one, with ties in any word", "vergleich.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",Ask {n} at berth 4.,{("A", "B", "Gleichstand")[n % 3]}',
               header="Frage,Antwort A,Antwort B,Besser"), f"Frage → prompt, {COMPARED}", 8, 4),
    Shape("two answers with scores under any name", "bewertet.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",{n % 3 + 3},Ask {n} at berth 4.,{n % 2}',
               header="prompt,antwort_1,bewertung_1,antwort_2,bewertung_2"), f"prompt → prompt, {COMPARED}", 12),
    Shape("good and bad answers in Chinese", "pianhao.jsonl",
          lines(lambda n: {"问题": f"第{n}号渡轮几点开？", "好的回答": f"{n + 6}点十五分开。", "差的回答": "不知道。"}),
          "问题 → prompt, 好的回答 → chosen answer, 差的回答 → rejected answer", 12),
    Shape("answers in a list, one of which was accepted, under a title and a text", "forum.json",
          json.dumps({"items": [accepted(n) for n in range(12)]}), f"title + body → prompt, {COMPARED}", 12),
    Shape("posts with comments and their scores", "posts.json", json.dumps([commented(n) for n in range(12)]),
          f"title + selftext → prompt, {COMPARED}", 12),
    Shape("a prompt of turns and an answer that is an object (OpenAI, reinforcement fine-tuning)", "rft.jsonl",
          lines(lambda n: {"messages": [{"role": "user", "content": asked(n)}], "reference_answer": {"hour": n + 6}}),
          "reference_answer → conversation", 12),
    Shape("turns of a user with a label (ms-swift)", "classes.jsonl",
          lines(lambda n: {"messages": [{"role": "user", "content": asked(n)}], "label": n % 2}),
          "text → text, label → label", 12),
    Shape("a query with the passages that are relevant to it, and others", "rerank.jsonl",
          lines(lambda n: {"query": asked(n), "relevant_passages": [said(n)], "hard_negatives": [said(n + 1)]}),
          "query → prompt, relevant_passages → answer", 12),
    Shape("conversations as an object of lists", "columns.jsonl",
          lines(lambda n: {"messages": {"role": ["user", "assistant"], "content": [asked(n), said(n)]}}), CONVERSATION,
          12),
    Shape("a question on an article, in another language", "leestoets.jsonl",
          lines(lambda n: {"artikel": said(n) * 4, "vraag": asked(n), "antwoord": f"Om {n + 6} uur."}),
          "vraag + artikel → prompt, antwoord → answer", 12),
    Shape("choices in a list, in another language", "examen.csv",
          rows(lambda n: f'{asked(n)},"{[f"muelle {n + place}" for place in range(4)]}",{n % 4}',
               header="pregunta,opciones,respuesta_correcta"),
          "pregunta → question, opciones → choices, respuesta_correcta → correct choice", 12),
    Shape("entities with keys of another language", "entites.jsonl", lines(spans_in_french),
          "tokens → words, tags → one label per word", 12),
    Shape("a text and what was extracted from it, in another language", "saida.jsonl",
          lines(lambda n: {"texto": said(n) * 2, "saida": {"hora": n + 6, "cais": mood(n)}}),
          "texto → prompt, saida → answer", 12),
    Shape("calls of a contact center, whose participants are called by their roles", "calls.jsonl", lines(contact),
          CONVERSATION, 12),
    Shape("events of a chatbot, some of which are turns (Rasa)", "tracker.json",
          json.dumps([tracked(n) for n in range(12)]), CONVERSATION, 12),
    Shape("turns in columns by number", "wide.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",{"Are you sure?,Yes." if n % 2 else ","}',
               header="user_1,bot_1,user_2,bot_2"), CONVERSATION, 12),
    Shape("prompts and responses below headings, as extensions save chats", "chat.md",
          "# Chat\n\n" + "".join(f"## Prompt:\n{asked(n)}\n\n## Response:\n{said(n)}\n\n" for n in range(12)),
          CONVERSATION, 12),
    Shape("several answers by number, and the number of the best one", "several.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",No idea.,Ask {n} at berth 4.,{n % 3 + 1}',
               header="question,answer_1,answer_2,answer_3,best_answer"), f"question → prompt, {COMPARED}", 12),
    Shape("two answers with their ranks", "ranks.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",Ask {n} at berth 4.,{n % 2 + 1},{2 - n % 2}',
               header="prompt,response_a,response_b,rank_a,rank_b"), f"prompt → prompt, {COMPARED}", 12),
    Shape("labels of Labelbox", "labelbox.ndjson", lines(boxed), "text → text, weather → label", 12),
    Shape("entities of Labelbox", "entities.ndjson", lines(boxed_spans), "tokens → words, tags → one label per word",
          12),
    Shape("entities with display names (AutoML)", "automl.jsonl", lines(extracted),
          "tokens → words, tags → one label per word", 12),
    Shape("labels with display names (Vertex AI)", "vertex.jsonl", lines(displayed),
          "text → text, classificationAnnotations → several labels", 12),
    Shape("an instruction, an input and an output, in another language", "alpaca_es.json",
          json.dumps([{"instrucción": ("Responde.", "Resume.")[n % 2], "entrada": asked(n), "salida": said(n)}
                      for n in range(12)]),
          "instrucción + entrada → prompt, salida → answer", 12),
    Shape("an instruction, an input and an output, in Chinese", "alpaca_zh.json",
          json.dumps([{"指令": ("回答", "概括")[n % 2], "输入": asked(n), "输出": said(n)} for n in range(12)]),
          "指令 + 输入 → prompt, 输出 → answer", 12),
    Shape("two answers called after models, and the name of the better one", "models.jsonl",
          lines(lambda n: {"prompt": asked(n), "gull_response": said(n), "tern_response": "No idea.",
                           "preferred_model": ("gull", "tern")[n % 2]}), f"prompt → prompt, {COMPARED}", 12),
    Shape("two texts and a label, in another language", "paare.csv",
          rows(lambda n: f'Ferry {n} is late.,"{said(n)}",{mood(n)}', header="Aussage,Beleg,Urteil"),
          "Aussage + Beleg → text, Urteil → label", 12),
    Shape("one turn per row, with roles in Turkish", "turns_tr.csv",
          rows(lambda n: f'{n},2,temsilci,"{said(n)}"\n{n},1,müşteri,{asked(n)}',
               header="sohbet_no,sıra,gönderen,mesaj"),
          CONVERSATION, 12),
    Shape("answers that were chosen and rejected, in Turkish", "tercih.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",No idea {n}.', header="soru,tercih edilen cevap,reddedilen cevap"),
          "soru → prompt, tercih edilen cevap → chosen answer, reddedilen cevap → rejected answer", 12),
)  # fmt: skip
