"""The command chat."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, get_args

from ia3_studio.chat import Answer, ChatSettings, Variant, reply
from ia3_studio.chat.settings import Weights
from ia3_studio.cli.codes import DONE
from ia3_studio.cli.runs import newest_or
from ia3_studio.data.conversations import Message
from ia3_studio.errors import RunError
from ia3_studio.runs import RunStore
from ia3_studio.settings import chat_weights, rounds_chat_weights

LEAVING = ("/exit", "/quit")


def commands(parsers: Any) -> dict[str, Any]:
    """Add the command chat; return its function."""
    usual = ChatSettings()
    parser = parsers.add_parser("chat", help="chat with the base and the tuned model")
    parser.add_argument("run", nargs="?", help="run id (default: the newest run)")
    parser.add_argument("--model", help="chat with this model only, without a run")
    parser.add_argument("--prompt", help="answer this prompt and exit")
    parser.add_argument("--system", default="", help="system prompt for both models")
    parser.add_argument(
        "--strength",
        type=float,
        default=1.0,
        help="adapter strength: 0 is the base model, 1 the tuned model (default: 1)",
    )
    parser.add_argument("--only-tuned", action="store_true", help="answer with the tuned model only")
    parser.add_argument("--temperature", type=float, default=usual.temperature)
    parser.add_argument("--top-p", type=float, default=usual.top_p)
    parser.add_argument(
        "--max-new-tokens", "--tokens", type=int, default=usual.max_new_tokens, help="max new tokens per answer"
    )
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument(
        "--weights",
        choices=get_args(Weights),
        default=chat_weights(),
        help="int8 is faster and less exact, for float32 models on a CPU (default: IA3_STUDIO_CHAT_WEIGHTS, or exact)",
    )
    return {"chat": _chat}


def _chat(store: RunStore, options: argparse.Namespace) -> int:
    from ia3_studio.method import Adapter, serve
    from ia3_studio.models import load_model
    from ia3_studio.models.fast_inference import enable_fast_inference
    from ia3_studio.models.fast_paths import lines

    settings = ChatSettings(
        options.temperature, options.top_p, options.max_new_tokens, options.seed, weights=options.weights
    )
    run = None if options.model else newest_or(store, options.run)
    folder = run.adapter_folder() if run else None
    if run and folder is None:
        raise RunError("This run has no adapter yet; wait for its first held-out loss, or give --model.")
    loaded = load_model(options.model or (run.config.model if run else ""))
    for line in lines(enable_fast_inference(loaded.model, waits=False, rounds=rounds_chat_weights())):
        print(line, file=sys.stderr)
    serving = serve(loaded.model, {"tuned": Adapter.load(folder)}) if folder else None
    variants = [] if options.only_tuned and serving else [("base", Variant(0.0))]
    variants += [("tuned", Variant(options.strength, "tuned"))] if serving else []
    said: list[list[Message]] = [[Message("system", options.system)] if options.system else [] for _ in variants]
    for prompt in _prompts(options.prompt):
        for conversation in said:
            conversation.append(Message("user", prompt))
        answers = _answered(reply(loaded, serving, said, [variant for _name, variant in variants], settings),
                            [name for name, _variant in variants], as_json=options.json)  # fmt: skip
        if options.weights == "int8":
            print(*dict.fromkeys(note for answer in answers for note in answer.notes), sep="\n", file=sys.stderr)
        for conversation, answer in zip(said, answers, strict=True):
            conversation.append(Message("assistant", answer.text))
    return DONE


def _prompts(prompt: str | None) -> Any:
    if prompt is not None:
        yield prompt
        return
    print(f"Type a message and press Enter; {' or '.join(LEAVING)} exits.", file=sys.stderr)
    while True:
        try:
            words = input("> ").strip()
        except EOFError:
            return
        if words in LEAVING:
            return
        if words:
            yield words


def _answered(replies: Any, names: Sequence[str], *, as_json: bool) -> tuple[Answer, ...]:
    """Print the answers: stream a single one, print several one after the other once they are complete."""
    shown, answers = 0, tuple[Answer, ...]()
    alone = len(names) == 1 and not as_json
    for answers in replies:
        if alone:
            print(answers[0].text[shown:], end="", flush=True)
            shown = len(answers[0].text)
    if alone:
        print()
        return answers
    for name, answer in zip(names, answers, strict=True):
        if as_json:
            print(json.dumps({"variant": name, **asdict(answer)}, ensure_ascii=False))
        else:
            print(f"[{name}] {answer.text}\n", flush=True)
    return answers
