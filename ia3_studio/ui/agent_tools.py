"""What can an agent do? What the page can, as typed functions: values in, JSON out.

Each is an endpoint of Gradio's HTTP API and a tool of its MCP server, whose name and description are those of the
function. They are built only if asked for, work on the same store as the page, and go through the same checks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from gradio.events import api

from ia3_studio.data.findings import examine
from ia3_studio.data.labels import labels_in
from ia3_studio.data.load import STARTERS, DataChoice
from ia3_studio.data.pasted import write_pasted
from ia3_studio.errors import AdapterError, DataError, RunError, StudioError
from ia3_studio.hub_search import asked_for
from ia3_studio.insight.diff import diff, sentence
from ia3_studio.models import STARTER, parse_source
from ia3_studio.models.catalog import hub_entry, matching, starter_entries
from ia3_studio.runs import Run
from ia3_studio.runs.comparison import differing
from ia3_studio.runs.evaluation import read_evaluation
from ia3_studio.runs.history import ranked, record_of
from ia3_studio.ui import agent_words as words
from ia3_studio.ui import data_words, export_tab, text, train_tab, verdict_card
from ia3_studio.ui.agent_json import Tool, endpoint, example_row, model_entry
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_responses import respond
from ia3_studio.ui.chat_stream import request_of
from ia3_studio.ui.chat_variants import BASE, CURRENT, MAX_RESPONSES
from ia3_studio.ui.current_run import CurrentRun, find, run_key
from ia3_studio.ui.data_source import local_path
from ia3_studio.ui.forms import read_form, updates_of
from ia3_studio.ui.kept_files import uploads_folder
from ia3_studio.ui.model_choice import used_sources
from ia3_studio.ui.modules_tab import rows_of
from ia3_studio.ui.rows_card import PREVIEW_ROWS
from ia3_studio.ui.run_form import RunForm
from ia3_studio.ui.run_table import MAX_COMPARED, search_runs
from ia3_studio.ui.session import Studio

AGENT = "agent"
"""The page of all agents: the same run asked for twice is the same run while it is active."""
LONGEST_WAIT = 60
"""Seconds for which a call waits for a run at most."""
MOST_STEPS = 50
"""Steps of a run in one answer, the newest."""
LOOK_SECONDS = 0.5
NOT_SETTINGS = ("model", "data", "selected_rows", "name")
"""Fields of the form that a tool has arguments of its own for."""


def list_models(studio: Studio, query: str = "") -> Any:
    """List models that can be tuned: starters, those on this computer, and what the Hugging Face Hub finds.

    Args:
        query: words in the name; the Hub is asked from three letters on.
    """
    known = (*starter_entries(), *studio.local_models.entries(used_sources(studio)))
    found, note = [model_entry(each) for each in matching(known, query)], ""
    if asked_for(query):
        answer = studio.hub.find("models", query)
        listed = {each["source"] for each in found}
        found += [model_entry(each) for each in map(hub_entry, answer.found) if each.source not in listed]
        note = answer.trouble
    return {"models": found, "note": note}


def list_runs(studio: Studio, query: str = "") -> Any:
    """List runs with their state, settings and results, newest first.

    Args:
        query: words in name, model, data, state, verdict, tags or id; empty for all runs.
    """
    return {"runs": [asdict(record) for record in search_runs(studio, query)]}


def inspect_data(studio: Studio, source: str = "", rows: str = "") -> Any:
    """Read data and return what was recognized: the columns' roles, first rows, and problems to fix.

    Args:
        source: a starter's name (lighthouse, harbour, logbook, beacon), or the path of a file or folder.
        rows: rows as text instead: CSV or spreadsheet cells with a header row, JSON, or plain text.

    Returns:
        "data" is what start_run takes.
    """
    if bool(source.strip()) == bool(rows.strip()):
        raise DataError(words.ONE_OF_BOTH if source.strip() else words.NOTHING_GIVEN)
    data = str(write_pasted(rows, uploads_folder(studio))) if rows.strip() else _data_of(source)
    split = DataChoice.from_text(data).look()
    return {
        "data": data,
        "facts": [": ".join(fact) for fact in data_words.data_facts(split)],
        "mapping": asdict(split.mapping),
        "training_rows": len(split.train),
        "held_out_rows": len(split.held_out),
        "first_rows": [example_row(each) for each in split.train[:PREVIEW_ROWS]],
        "problems": [*data_words.finding_sentences(examine(split)), *data_words.checked_part(split)],
    }


def start_run(
    studio: Studio,
    model: str,
    data: str,
    modules: str = "paper",
    name: str = "",
    settings: dict[str, Any] | None = None,
) -> Any:
    """Start a run and return its id at once; the same run asked for again while it is active is not started twice.

    Args:
        model: a starter's name, a Hub id, a folder or a .gguf file, as list_models returns it.
        data: what inspect_data returned as "data", a starter's name, or the path of a file or folder.
        modules: a preset (paper, peft, ...) or an expression such as key,value@8-15.
        name: name of the run; empty for that of the data.
        settings: other settings by name, such as {"learning_rate": 0.01, "epochs": 2, "batch_size": 8}.
    """
    source = parse_source(model).value
    studio.layers.discard(source)  # its files may have changed since
    layers = studio.layers.get(source)
    given = {"model": layers.source, "data": _data_of(data), "selected_rows": rows_of(layers, modules), "name": name}
    form = read_form(RunForm, updates_of(RunForm(), **_settings(settings or {}), **given))
    key, config = train_tab.start_described(studio, form, AGENT)
    return {"run": key.removeprefix(run_key("")), "name": config.name}


def watch_run(studio: Studio, run: str, after_step: int = -1, wait_seconds: float = 0) -> Any:
    """Return the state of a run, its newest steps with their losses, and the end of its log if it failed.

    Args:
        run: the id of the run.
        after_step: return steps after this one only.
        wait_seconds: wait so long, up to 60 seconds, for the run to end.
    """
    if not 0 <= wait_seconds <= LONGEST_WAIT:
        raise RunError(words.waits_too_long(wait_seconds, LONGEST_WAIT))
    found, until = _run(studio, run), time.monotonic() + wait_seconds
    while (status := found.status()).active and (left := until - time.monotonic()) > 0:
        time.sleep(min(LOOK_SECONDS, left))
    steps = [asdict(each) for each in found.metrics()[0] if each.step > after_step]
    return {
        "run": found.id, "name": found.name, "state": status.state, "active": status.active,
        "message": status.message, "progress": status.progress, "step": status.step,
        "total_steps": status.total_steps, "seconds": status.seconds, "resumable": status.resumable,
        "steps": steps[-MOST_STEPS:], "log": found.log_tail() if status.state in ("failed", "interrupted") else "",
    }  # fmt: skip


def stop_run(studio: Studio, run: str) -> Any:
    """Ask a run to stop after its current step; the adapter trained so far is kept.

    Args:
        run: the id of the run.
    """
    train_tab.stop_run(studio, run_key(run))
    return watch_run(studio, run)


def evaluate_run(studio: Studio, run: str) -> Any:
    """Return whether training helped: the verdict, the measures of base and tuned model, and what to try next.

    Base and tuned model are evaluated by the run itself, after its last step.

    Args:
        run: the id of the run.
    """
    found = _run(studio, run)
    evaluation, adapter = read_evaluation(found.folder), found.adapter_folder()
    if evaluation is None or adapter is None:
        raise RunError(text.VERDICT_PENDING if found.status().active else text.VERDICT_NONE)
    verdict = evaluation.verdict
    return {
        "verdict": verdict.kind, "sentence": verdict.sentence, "measures": evaluation.table(),
        "suggestions": list(verdict_card.suggested(found, adapter, evaluation)),
    }  # fmt: skip


def compare_runs(studio: Studio, runs: list[str]) -> Any:
    """Rank runs by their held-out result, and return the settings that differ and how alike their adapters are.

    Args:
        runs: the ids of two to eight runs.
    """
    if len(set(runs)) < 2:
        raise RunError(words.COMPARE_TWO)
    if len(runs) > MAX_COMPARED:
        raise RunError(words.too_many(MAX_COMPARED))
    found = {run_id: _run(studio, run_id) for run_id in runs}
    order = ranked([record_of(run) for run in found.values()])
    first, second, *others = (_current(studio, record.id) for record in order)
    return {
        "ranking": [asdict(record) for record in order],
        "differing_settings": [
            {"setting": name, **dict(zip(found, values, strict=True))} for name, values in differing([*found.values()])
        ],
        "adapters": [said for other in (second, *others) if (said := _likeness(first, other))],
    }


def chat(
    studio: Studio, prompt: str, run: str = "", model: str = "", system_prompt: str = "", strength: float = 1.0,
    temperature: float = 0.0, max_new_tokens: int = 200, seed: int = 0,
) -> Any:  # fmt: skip
    """Answer a prompt with the base model and, if a run is given, with its tuned model too.

    Args:
        prompt: the prompt.
        run: the id of a run with an adapter; empty for the base model alone.
        model: the model that answers without a run; empty for the starter.
        system_prompt: the system prompt of both.
        strength: of the adapter: 0 is the base model, 1 the tuned one.
        temperature: 0 for the most likely tokens.
        max_new_tokens: of an answer at most.
        seed: of the sampling.
    """
    if not prompt.strip():
        raise StudioError(text.EMPTY_PROMPT)
    current = _current(studio, run) if run else None
    if current and current.adapter is None:
        raise AdapterError(text.NO_ADAPTER_YET)
    if current and current.adapter and labels_in(current.adapter):
        raise AdapterError(words.classifies(current.name))
    names = ("base", "tuned") if current else ("base",)
    given = {
        "key": run_key(run) if run else "", "model": current.model if current else model or STARTER,
        "count": len(names), "variants": (BASE, *(CURRENT,) * (MAX_RESPONSES - 1)),
        "strengths": (float(strength),) * MAX_RESPONSES, "temperature": temperature, "seed": seed,
        "histories": ([{"role": "user", "content": prompt}],) * MAX_RESPONSES,
        "max_new_tokens": max_new_tokens, "system_prompt": system_prompt,
    }  # fmt: skip
    request = request_of(studio, read_form(ChatForm, updates_of(ChatForm(), **given)))
    answers = respond(studio, request, lambda _update: None)
    return {
        name: {"text": answer.text, "tokens": len(answer.tokens), "seconds": answer.seconds, "notes": answer.notes}
        for name, answer in zip(names, answers, strict=True)
    }


def export_adapter(studio: Studio, run: str) -> Any:
    """Write the newest adapter of a run with its model card as a zip archive; return its path on this computer.

    The archive is removed when the app ends; copy it.

    Args:
        run: the id of the run.
    """
    current = _current(studio, run)
    if current.adapter is None:
        raise AdapterError(text.NO_ADAPTER_YET)
    archive, card = export_tab.zipped(studio, current)
    return {
        "file": str(archive), "bytes": archive.stat().st_size, "base_model": current.model,
        "loads_in_peft": not card.not_for_peft,
        "note": text.not_for_peft(card.not_for_peft) if card.not_for_peft else "",
    }  # fmt: skip


TOOLS: tuple[Tool, ...] = (
    list_models, list_runs, inspect_data, start_run, watch_run, stop_run, evaluate_run, compare_runs, chat,
    export_adapter,
)  # fmt: skip


def offer(studio: Studio) -> None:
    """Add the tools to the page that is being built."""
    for tool in TOOLS:
        # Not through the queue: Gradio's MCP server would ask this app over HTTP, as another client.
        api(endpoint(tool, studio), api_name=tool.__name__, queue=False)


def _data_of(given: str) -> str:
    """Return data as the page names them: a starter, a choice with its options, or the full path of a file."""
    if given in {each.name for each in STARTERS}:
        return given
    choice = DataChoice.from_text(given)
    if not choice.source.strip():
        raise DataError(text.NAME_PATH)
    source = choice.source if choice.source in {each.name for each in STARTERS} else str(local_path(choice.source))
    return DataChoice(source, choice.mapping, choice.parsing).to_text()


def _settings(given: Mapping[str, Any]) -> Mapping[str, Any]:
    known = [each.name for each in fields(RunForm) if each.name not in NOT_SETTINGS]
    if unknown := [name for name in given if name not in known]:
        raise RunError(words.unknown_settings(", ".join(map(repr, unknown))[:200], ", ".join(known)))
    return given


def _current(studio: Studio, run: str) -> CurrentRun:
    """Return a run with its adapter.

    Raises:
        RunError: no such run.
    """
    current = find(studio, run_key(run))
    if current is None:
        raise RunError(text.NO_RUN_SELECTED)
    return current


def _run(studio: Studio, run: str) -> Run:
    return studio.store.open(run)


def _likeness(first: CurrentRun, second: CurrentRun) -> str:
    """Return how alike two adapters of one model are; empty if there are not two."""
    if first.adapter is None or second.adapter is None or first.model != second.model:
        return ""
    return sentence(diff(first.vectors(), second.vectors()), f"“{first.name}”", f"“{second.name}”")
