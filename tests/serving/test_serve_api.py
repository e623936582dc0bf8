"""The command serves until it is stopped, and lets an answer under way end first."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import openai
import pytest

from tests.tiny_chat import save_tiny_chat


@pytest.mark.worker
def test_a_stopped_command_lets_the_answer_under_way_end(tmp_path: Path) -> None:
    model = str(save_tiny_chat(tmp_path / "model"))
    env = os.environ | {"IA3_STUDIO_HOME": str(tmp_path / "home"), "IA3_STUDIO_API_KEY": "correct horse"}
    command = [sys.executable, "-m", "ia3_studio", "serve-api", "--model", model, "--port", "0"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address is not None
            with openai.OpenAI(base_url=address[0], api_key="correct horse", max_retries=0) as client:
                stream = iter(
                    client.completions.create(model=model, prompt="Ahoy", max_tokens=80, temperature=0, stream=True)
                )
                next(stream)
                process.send_signal(signal.SIGTERM)
                assert [chunk.choices[0].finish_reason for chunk in stream][-1] in ("length", "stop")
            assert process.wait(30) in (0, -signal.SIGTERM)
            assert process.stderr is not None
            errors = process.stderr.read()
            assert "Traceback" not in errors
            assert "correct horse" not in errors
        finally:
            process.kill()
