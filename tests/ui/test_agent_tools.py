"""With the official client of MCP an agent inspects, trains, compares, chats and exports, and does no more."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from ia3_studio.cli import main
from ia3_studio.errors import RunError
from ia3_studio.ui import agent_access, agent_tools
from ia3_studio.ui.app import serve
from tests.e2e.studio_app import StudioProcess, free_port
from tests.tiny_chat import save_tiny_chat
from tests.training.test_classify import bare_bert

NAMES = {
    "list_models", "list_runs", "inspect_data", "start_run", "watch_run", "stop_run", "evaluate_run", "compare_runs",
    "chat", "export_adapter",
}  # fmt: skip
MCP = "/gradio_api/mcp/"


class Agent:
    """An agent that uses the official client."""

    def __init__(self, address: str) -> None:
        self.address = address + MCP

    def tools(self) -> dict[str, Any]:
        listed = self._ask("list_tools")
        return {each.name: each for each in listed.tools}

    def call(self, tool: str, /, **values: Any) -> Any:
        """Return what a tool answers."""
        answer = self._ask("call_tool", tool, values)
        assert not answer.isError, answer.content
        return json.loads(answer.content[0].text)

    def refused(self, tool: str, /, **values: Any) -> str:
        """Return the sentence with which a tool refuses."""
        answer = self._ask("call_tool", tool, values)
        assert answer.isError, answer.content
        sentence = str(answer.content[0].text)
        assert "Traceback" not in sentence and "\n" not in sentence and "unexpected" not in sentence, sentence
        return sentence

    def _ask(self, method: str, *values: Any) -> Any:
        async def ask() -> Any:
            from mcp import ClientSession
            from mcp.client.streamable_http import streamable_http_client

            async with (
                streamable_http_client(self.address) as (reading, writing, _session_id),
                ClientSession(reading, writing) as session,
            ):
                await session.initialize()
                return await getattr(session, method)(*values)

        with ThreadPoolExecutor(1) as thread:  # a browser of another test leaves an event loop in the main one
            return thread.submit(asyncio.run, ask()).result()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    process = StudioProcess(tmp_path_factory.mktemp("agents"), free_port(), environment={"IA3_STUDIO_MCP": "1"})
    try:
        process.start()
        yield process
    finally:
        process.close()


@pytest.fixture(scope="module")
def agent(app: StudioProcess) -> Agent:
    return Agent(app.address)


def pairs(folder: Path) -> Path:
    path = folder / "pairs.csv"
    rows = [f"what is {number} plus one,it is {number + 1}" for number in range(40)]
    path.write_text("\n".join(["question,answer", *rows, "an unanswered question,"]), encoding="utf-8")
    return path


def status_of(address: str, body: bytes | None = None, **headers: str) -> int:
    """Return the status with which the app answers a request."""
    asked = urllib.request.Request(address, body, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def finished(agent: Agent, run: str) -> Any:
    for _try in range(6):
        seen = agent.call("watch_run", run=run, wait_seconds=20)
        if not seen["active"]:
            return seen
    raise AssertionError(seen)


@pytest.mark.worker
def test_an_agent_finds_these_tools_and_no_event_of_the_page(app: StudioProcess, agent: Agent) -> None:
    tools = agent.tools()
    assert set(tools) == NAMES == {tool.__name__ for tool in agent_tools.TOOLS}
    for tool in tools.values():
        assert tool.description
        for name, each in tool.inputSchema["properties"].items():
            assert each.get("description"), (tool.name, name)
    assert tools["start_run"].inputSchema["required"] == ["model", "data"]
    with urllib.request.urlopen(f"{app.address}/gradio_api/info") as answer:
        assert set(json.load(answer)["named_endpoints"]) == {f"/{name}" for name in NAMES}


@pytest.mark.worker
def test_an_agent_trains_compares_chats_and_exports(agent: Agent, tmp_path: Path) -> None:
    model, path = str(save_tiny_chat(tmp_path / "tiny")), pairs(tmp_path)
    looked = agent.call("inspect_data", source=str(path))
    assert (looked["training_rows"], looked["held_out_rows"]) == (36, 4)
    assert looked["mapping"]["kind"] and len(looked["problems"]) >= 1
    assert looked["first_rows"][0]["messages"][0]["content"].startswith("what is")
    settings = {"epochs": 1, "batch_size": 8, "max_length": 64}
    first = agent.call("start_run", model=model, data=looked["data"], name="one", settings=settings)
    seen = finished(agent, first["run"])
    assert seen["state"] == "finished" and seen["step"] == seen["total_steps"] > 0, seen
    assert [step["step"] for step in seen["steps"]] == list(range(seen["step"] + 1))
    second = agent.call("start_run", model=model, data=str(path), modules="key", name="two",
                        settings=settings | {"learning_rate": 0.1})  # fmt: skip
    assert finished(agent, second["run"])["state"] == "finished"
    verdict = agent.call("evaluate_run", run=first["run"])
    assert verdict["sentence"] and verdict["measures"] and verdict["suggestions"]
    compared = agent.call("compare_runs", runs=[first["run"], second["run"]])
    assert {each["id"] for each in compared["ranking"]} == {first["run"], second["run"]}
    rate = next(each for each in compared["differing_settings"] if each["setting"].endswith("learning_rate"))
    assert rate[second["run"]] == "0.1" and rate[first["run"]] != "0.1"
    assert "cosine similarity" in compared["adapters"][0]
    said = agent.call("chat", prompt="Hello", run=first["run"], max_new_tokens=4)
    assert 0 < said["base"]["tokens"] <= 4 and 0 < said["tuned"]["tokens"] <= 4
    unchanged = agent.call("chat", prompt="Hello", run=first["run"], strength=0, max_new_tokens=4)
    assert unchanged["tuned"]["text"] == unchanged["base"]["text"]
    exported = agent.call("export_adapter", run=first["run"])
    with zipfile.ZipFile(exported["file"]) as archive:
        assert "adapter_model.safetensors" in archive.namelist()
    assert [each["name"] for each in agent.call("list_runs", query="one")["runs"]] == ["one"]
    assert model in {each["source"] for each in agent.call("list_models")["models"]}


@pytest.mark.worker
def test_an_agent_that_asks_for_a_run_again_while_it_is_active_gets_it_and_stops_it(
    agent: Agent, tmp_path: Path
) -> None:
    model = str(save_tiny_chat(tmp_path / "tiny"))
    asked = {"model": model, "data": "lighthouse", "settings": {"epochs": 400, "batch_size": 4}}
    started, again = (agent.call("start_run", **asked) for _time in range(2))
    assert again["run"] == started["run"]
    for _try in range(300):
        if agent.call("watch_run", run=started["run"], wait_seconds=0.2)["step"] > 1:
            break
    agent.call("stop_run", run=started["run"])
    assert finished(agent, started["run"])["state"] == "stopped"


@pytest.mark.worker
def test_a_classifier_does_not_chat_and_says_so(agent: Agent, tmp_path: Path) -> None:
    rows = "\n".join(["text,label", *(f"letter {n},{'good' if n % 2 else 'bad'}" for n in range(40))])
    looked = agent.call("inspect_data", rows=rows)
    assert looked["mapping"]["kind"] == "labels" and looked["first_rows"][0]["labels"]
    model = str(bare_bert(tmp_path / "bert"))
    run = agent.call("start_run", model=model, data=looked["data"], name="sorter", settings={"epochs": 1})["run"]
    seen = finished(agent, run)
    assert seen["state"] == "finished", seen
    said = agent.refused("chat", prompt="Hi", run=run)
    assert "sorter" in said and "classifier" in said


@pytest.mark.worker
def test_rows_are_taken_as_text(agent: Agent) -> None:
    looked = agent.call("inspect_data", rows="\n".join(["question,answer", *(f"q {n},a {n}" for n in range(20))]))
    assert looked["training_rows"] + looked["held_out_rows"] == 20 and Path(looked["data"]).is_file()


@pytest.mark.worker
def test_bad_input_is_a_sentence(agent: Agent, tmp_path: Path) -> None:
    model, path = str(save_tiny_chat(tmp_path / "tiny")), str(pairs(tmp_path))
    unknown = "20200101-000000-abcdef"
    for tool in ("watch_run", "stop_run", "evaluate_run", "export_adapter"):
        assert unknown in agent.refused(tool, run=unknown)
        assert agent.refused(tool, run="../../etc")
    assert unknown in agent.refused("chat", prompt="Hi", run=unknown)
    assert unknown in agent.refused("compare_runs", runs=[unknown, "other"])
    assert agent.refused("compare_runs", runs=[unknown, unknown])
    assert "missing.csv" in agent.refused("inspect_data", source=str(tmp_path / "missing.csv"))
    assert agent.refused("inspect_data")
    assert agent.refused("inspect_data", source="lighthouse", rows="a,b")
    assert agent.refused("start_run", model="no/../model", data=path)
    assert agent.refused("start_run", model=model, data="")
    assert agent.refused("start_run", model=model, data='{"source": 3')
    assert "missing.csv" in agent.refused("start_run", model=model, data=str(tmp_path / "missing.csv"))
    assert agent.refused("start_run", model=model, data=path, modules="nonsense")
    assert "epoch_count" in agent.refused("start_run", model=model, data=path, settings={"epoch_count": 2})
    for settings in ({"epochs": "many"}, {"epochs": -1}, {"learning_rate": None}, {"processes": -3}):
        assert agent.refused("start_run", model=model, data=path, settings=settings)
    assert "wait_seconds" in agent.refused("watch_run", run=unknown, wait_seconds=10_000)
    assert agent.refused("chat", prompt=" ")
    assert agent.refused("chat", prompt="Hi", model=model, max_new_tokens=10**9)
    assert agent.refused("chat", prompt="Hi", run=7)
    assert agent.refused("start_run", data=path)
    assert agent.refused("start_run", model=model, data=path, nonsense=1)
    assert not [each for each in agent.call("list_runs")["runs"] if each["data"] == "missing.csv"]


@pytest.mark.worker
def test_the_tools_are_an_http_api_too(app: StudioProcess) -> None:
    client = Client(app.address, verbose=False)
    try:
        assert "models" in json.loads(client.predict(query="", api_name="/list_models"))
    finally:
        client.close()


@pytest.mark.worker
def test_another_site_reaches_no_tool(app: StudioProcess) -> None:
    for header in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert status_of(app.address + MCP, b"{}", **header) == 403


@pytest.mark.worker
def test_without_being_asked_for_there_is_neither_server_nor_api(tmp_path: Path) -> None:
    process = StudioProcess(tmp_path, free_port(), environment={"GRADIO_MCP_SERVER": "true"})
    try:
        process.start()
        for path in (MCP, "/gradio_api/mcp/schema", "/gradio_api/mcp/sse"):
            assert status_of(process.address + path) == 404
        with urllib.request.urlopen(f"{process.address}/gradio_api/info") as answer:
            assert json.load(answer)["named_endpoints"] == {}
    finally:
        process.close()


def test_where_agents_cannot_be_told_apart_or_let_in_the_app_says_so_and_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RunError, match="password"):
        serve("correct horse", for_agents=True)
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    monkeypatch.setenv("IA3_STUDIO_MCP", "1")
    with pytest.raises(RunError, match="public"):
        serve()


@pytest.mark.parametrize("found", ["", "2.3.0"])
def test_without_the_package_one_sentence_has_the_command(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    monkeypatch.setattr(agent_access, "_installed", lambda: found)
    with pytest.raises(RunError, match=r'pip install "mcp>=1.21,<2"'):
        agent_access.require_agents_allowed("")


@pytest.mark.parametrize("asked", [True, False])
def test_the_command_asks_for_tools_by_an_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: bool) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv("IA3_STUDIO_READY_WORKER", "0")
    served: list[bool] = []
    monkeypatch.setattr("ia3_studio.ui.app.serve", lambda *_given, for_agents, **_named: served.append(for_agents))
    assert main(["serve", *(["--mcp"] if asked else [])]) == 0
    assert served == [asked]
