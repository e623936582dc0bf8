"""The official client of OpenAI talks to a real server on a free port."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from ia3_studio.cli import main
from ia3_studio.errors import RunError
from ia3_studio.models.load import load_model
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.serving.endpoint import endpoint
from ia3_studio.serving.model_names import ModelNames
from ia3_studio.serving.prompts import Reader
from ia3_studio.serving.scheduler import Limits, Scheduler
from ia3_studio.serving.server import KEY, ServerThread, bound, take_key
from tests.serving.test_batching import adapter_for
from tests.tiny_chat import save_tiny_chat

LIMITS = Limits(rows=4, queue=8, tokens=100, body=50_000, threads=1)
HI: Any = [{"role": "user", "content": "Hi"}]


class Served:
    """A server with a base model and two runs, "pirate" and "poet"."""

    def __init__(self, folder: Path) -> None:
        self.model = str(save_tiny_chat(folder / "model"))
        self.loaded: LoadedModel = load_model(self.model)
        self.store = RunStore(folder / "runs")
        self.library = folder / "adapters"
        self.runs = {name: self._run(name, seed) for seed, name in enumerate(("pirate", "poet"), 1)}
        self.scheduler = Scheduler(lambda: nullcontext(self.loaded), LIMITS)
        self.names = ModelNames(self.model, self.store, self.library)

    def _run(self, name: str, seed: int, start: str = "") -> Any:
        run = self.store.create(RunConfig(name=name, model=self.model, data="lighthouse"), start or name)
        run.files.keep_adapter(1, adapter_for(self.loaded, seed).save)
        return run

    @contextmanager
    def listening(self, key: str = "") -> Iterator[str]:
        app = endpoint(self.scheduler, self.names, Reader.of(self.loaded), key, is_loopback=True)
        thread = ServerThread(app, bound("127.0.0.1", 0))
        try:
            yield f"http://127.0.0.1:{thread.port}"
        finally:
            thread.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("served"))
    yield found
    found.scheduler.close()


@pytest.fixture(scope="module")
def url(served: Served) -> Iterator[str]:
    with served.listening() as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as found:
        yield found


def said(client: openai.OpenAI, model: str, **options: Any) -> str:
    options = {"temperature": 0, "max_tokens": 12, "messages": HI} | options
    return str(client.chat.completions.create(model=model, **options).choices[0].message.content)


def test_the_models_are_the_base_model_and_the_runs(client: openai.OpenAI, served: Served) -> None:
    assert {each.id for each in client.models.list()} == {served.model, "pirate", "poet"}
    assert client.models.retrieve("pirate").id == "pirate"


def test_names_strengths_and_mixtures_choose_the_adapter(client: openai.OpenAI, served: Served) -> None:
    base, pirate = said(client, served.model), said(client, "pirate")
    assert said(client, served.runs["pirate"].id) == pirate != base
    assert said(client, "pirate@0") == base
    assert said(client, "pirate@1+poet@0") == pirate
    answers = {said(client, name) for name in ("pirate", "poet", "pirate@2", "pirate+poet")}
    assert len(answers) == 4


def test_a_stream_says_what_a_whole_answer_says_and_ends_with_the_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="pirate", messages=HI, temperature=0, max_tokens=12, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == said(client, "pirate")
    assert chunks[-2].choices[0].finish_reason == "length"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.completion_tokens, usage.total_tokens) == (12, 12 + usage.prompt_tokens)


def test_n_seed_stop_and_logprobs(client: openai.OpenAI) -> None:
    def drawn(**options: Any) -> Any:
        return client.chat.completions.create(model="pirate", messages=HI, max_tokens=10, **options)

    two, again = (drawn(n=2, seed=5, temperature=1.5, logprobs=True, top_logprobs=2) for _ in range(2))
    texts = [each.message.content for each in two.choices]
    assert texts == [each.message.content for each in again.choices]
    assert texts[0] != texts[1]
    assert len(two.choices[0].logprobs.content) in (9, 10)
    assert len(two.choices[0].logprobs.content[0].top_logprobs) == 2
    whole = said(client, "pirate")
    assert said(client, "pirate", stop=[whole[3:5]]) == whole[: whole.find(whole[3:5])]


def test_plain_completions_take_texts_and_tokens(client: openai.OpenAI, served: Served) -> None:
    options: Any = {"model": "poet", "temperature": 0, "max_tokens": 6, "logprobs": 1}
    several = client.completions.create(prompt=["Ahoy", "The sea"], **options)
    assert [each.index for each in several.choices] == [0, 1]
    ids = served.loaded.tokenizer("The sea")["input_ids"]
    assert client.completions.create(prompt=ids, **options).choices[0].text == several.choices[1].text
    assert several.choices[0].logprobs is not None
    assert "".join(several.choices[0].logprobs.tokens or []) == several.choices[0].text
    assert several.usage is not None
    lengths = [6 if each.finish_reason == "length" else len(each.text) + 1 for each in several.choices]
    assert several.usage.completion_tokens == sum(lengths)


@pytest.mark.parametrize("prompt", ["Ahoy, the sea", [5, 9, 17, 30]])
def test_text_offsets_count_from_the_beginning_of_the_prompt_streamed_or_not(
    client: openai.OpenAI, served: Served, prompt: Any
) -> None:
    options: Any = {"model": "poet", "temperature": 0, "max_tokens": 12, "logprobs": 1, "prompt": prompt}
    whole = client.completions.create(**options).choices[0]
    assert whole.logprobs is not None
    given = prompt if isinstance(prompt, str) else served.loaded.tokenizer.decode(prompt)
    starts = whole.logprobs.text_offset or []
    ends = [*starts[1:], len(given + whole.text)]
    assert starts[0] == len(given)
    pieces = [(given + whole.text)[start:end] for start, end in zip(starts, ends, strict=True)]
    assert pieces == whole.logprobs.tokens
    stop = whole.text[5:8]
    streamed = [
        chunk.choices[0] for chunk in client.completions.create(**options, stop=["#@" + stop, stop], stream=True)
    ]
    offsets = [each for choice in streamed if choice.logprobs for each in choice.logprobs.text_offset or []]
    assert offsets == starts[: len(offsets)]
    assert len(offsets) == whole.text.find(stop)


@pytest.mark.parametrize(
    ("options", "param", "status"),
    [
        ({"model": "nobody"}, "model", 404),
        ({"model": "pirate@9"}, None, 400),
        ({"temperature": 3}, "temperature", 400),
        ({"temperature": float("nan")}, "temperature", 400),
        ({"temperature": "warm"}, "temperature", 400),
        ({"n": 0}, "n", 400),
        ({"max_tokens": 10_000}, "max_tokens", 400),
        ({"tools": [{"type": "function"}]}, "tools", 400),
        ({"response_format": {"type": "json_object"}}, "response_format", 400),
        ({"shade": "red"}, "shade", 400),
        ({"messages": []}, "messages", 400),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0]", 400),
        ({"messages": [{"role": "user", "content": "x" * 200}]}, "messages", 400),
        ({"messages": [{"role": "user", "content": "x" * 60_000}]}, None, 413),
        ({"stop": ["a"] * 5}, "stop", 400),
        ({"stream": 1}, "stream", 400),
    ],
)
def test_what_cannot_be_used_is_named_in_the_form_of_openai(
    url: str, options: dict[str, Any], param: str | None, status: int
) -> None:
    body = {"model": "pirate", "messages": HI, "max_tokens": 4} | options
    found = httpx.post(f"{url}/v1/chat/completions", content=json.dumps(body))
    assert found.status_code == status
    error = found.json()["error"]
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert error["message"].endswith(".")


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"\xff", b"[" * 20_000, b"null"])
def test_what_is_no_json_object_is_refused(url: str, body: bytes) -> None:
    assert httpx.post(f"{url}/v1/completions", content=body).status_code == 400


def test_other_paths_and_methods_are_refused_in_the_same_form(url: str) -> None:
    assert httpx.get(f"{url}/v1/embeddings").json()["error"]["code"] == "unknown_url"
    assert httpx.get(f"{url}/v1/chat/completions").status_code == 405


def test_a_client_that_leaves_in_the_middle_frees_its_row(client: openai.OpenAI, served: Served) -> None:
    stream = client.chat.completions.create(model="pirate", messages=HI, max_tokens=100, temperature=0, stream=True)
    next(iter(stream))
    stream.close()
    until = time.monotonic() + 20
    while served.scheduler.load != (0, 0) and time.monotonic() < until:
        time.sleep(0.02)
    assert served.scheduler.load == (0, 0)
    assert said(client, "pirate")


def test_of_two_hundred_requests_at_once_each_is_answered_or_told_to_come_back(url: str, client: openai.OpenAI) -> None:
    body = {"model": "pirate", "messages": HI, "max_tokens": 3, "temperature": 0}

    def ask(_number: int) -> httpx.Response:
        return httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(ask, range(200)))
    assert {each.status_code for each in found} == {200, 429}
    texts = {each.json()["choices"][0]["message"]["content"] for each in found if each.status_code == 200}
    assert texts == {said(client, "pirate", max_tokens=3)}
    refused = next(each for each in found if each.status_code == 429)
    assert (refused.json()["error"]["type"], refused.headers["retry-after"]) == ("rate_limit_error", "1")


def test_a_run_deleted_while_it_answers_completes_and_is_then_unknown(client: openai.OpenAI, served: Served) -> None:
    run = served._run("leaving", 3)
    stream = client.chat.completions.create(model="leaving", messages=HI, max_tokens=60, temperature=0, stream=True)
    chunks = iter(stream)
    next(chunks)
    shutil.rmtree(run.folder)
    assert list(chunks)[-1].choices[0].finish_reason in ("length", "stop")
    with pytest.raises(openai.NotFoundError):
        said(client, "leaving")


def test_two_runs_of_one_name_are_told_apart_by_their_ids(client: openai.OpenAI, served: Served) -> None:
    one, two = served._run("twin", 4, "twin 1"), served._run("twin", 5, "twin 2")
    try:
        assert {one.id, two.id} <= {each.id for each in client.models.list()}
        with pytest.raises(openai.NotFoundError, match="use one of the ids"):
            said(client, "twin")
        assert said(client, two.id) != said(client, one.id)
    finally:
        shutil.rmtree(one.folder)
        shutil.rmtree(two.folder)


def test_a_key_is_required_once_there_is_one(served: Served) -> None:
    with served.listening("correct horse") as url:
        assert httpx.get(f"{url}/v1/models").status_code == 401
        for key in ("wrong", "correct horse ", ""):
            found = httpx.get(f"{url}/v1/models", headers={"authorization": f"Bearer {key}x"})
            assert found.status_code == 401
        with openai.OpenAI(base_url=f"{url}/v1", api_key="correct horse", max_retries=0) as client:
            assert said(client, "pirate")
        with (
            openai.OpenAI(base_url=f"{url}/v1", api_key="other", max_retries=0) as client,
            pytest.raises(openai.AuthenticationError),
        ):
            client.models.list()


def test_other_host_names_and_pages_of_other_sites_are_refused(url: str) -> None:
    assert httpx.get(f"{url}/v1/models", headers={"host": "evil.example"}).status_code == 403
    foreign = httpx.get(f"{url}/v1/models", headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert foreign.json()["error"]["type"] == "permission_error"
    assert not [name for name in foreign.headers if name.startswith("access-control")]


def test_the_key_leaves_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "long enough")
    assert take_key() == "long enough"
    assert take_key() == ""
    monkeypatch.setenv(KEY, "short")
    with pytest.raises(RunError, match="at least 8"):
        take_key()


def test_the_command_asks_for_a_key_before_others_can_reach_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve-api", "--host", "0.0.0.0"]) == 2
    assert KEY in capsys.readouterr().err


def test_a_port_in_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve-api", "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot listen" in capsys.readouterr().err


class SlowTurn(AbstractContextManager[None]):
    """Others use the model too, so that an answer takes seconds."""

    def __enter__(self) -> None:
        time.sleep(0.05)

    def __exit__(self, *_raised: object) -> None:
        pass


def test_a_closed_scheduler_tells_who_waits_and_who_comes(served: Served) -> None:
    scheduler = Scheduler(lambda: nullcontext(served.loaded), LIMITS, SlowTurn())
    app = endpoint(scheduler, served.names, Reader.of(served.loaded), is_loopback=True)
    thread = ServerThread(app, bound("127.0.0.1", 0))
    with openai.OpenAI(base_url=f"http://127.0.0.1:{thread.port}/v1", api_key="x", max_retries=0) as client:
        stream = iter(client.chat.completions.create(model="pirate", messages=HI, max_tokens=100, stream=True))
        next(stream)
        closing = threading.Thread(target=scheduler.close)
        closing.start()
        with pytest.raises(openai.APIError, match="shutting down"):
            list(stream)
        closing.join()
        with pytest.raises(openai.InternalServerError, match="shutting down"):
            said(client, "pirate")
    thread.close()
