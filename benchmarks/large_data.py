"""How soon is a large file looked at, and how much memory do its examples and tokens take? A tenth of it beside all.

    python benchmarks/large_data.py [--megabytes 1024]

Writes JSON lines of questions and answers, and measures in a process of its own for each size: the seconds until the
Data tab has read what it shows, the seconds until the examples and a run's rows lie on disk, those of a second run,
and the most private memory meanwhile (pages of the mapped file, which the system takes back at will, not counted).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

STEPS = 100
BATCH = 8


def main() -> None:
    """Measure a tenth of the size and all of it, or one file in the process started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--file")
    options = parser.parse_args()
    if options.file:
        print(json.dumps(measure(Path(options.file))))
        return
    print(f"{'file':>10}{'look, s':>10}{'read, s':>10}{'again, s':>10}{'memory, MB':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in (options.megabytes // 10, options.megabytes):
            path = write(Path(folder) / f"{megabytes}.jsonl", megabytes * 2**20)
            environment = {**os.environ, "IA3_STUDIO_CACHE": str(Path(folder) / "cache")}
            command = [sys.executable, __file__, "--file", str(path)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{megabytes:>7} MB{found['look']:10.1f}{found['read']:10.1f}{found['again']:10.1f}"
                f"{found['memory'] / 1e6:12.0f}"
            )
            path.unlink()


def write(path: Path, size: int) -> Path:
    """Write questions and answers, no two the same, until a file has a size."""
    draw = random.Random(0)
    words = [f"word{number}" for number in range(5000)]
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            rows = (
                {"prompt": " ".join(draw.choices(words, k=12)) + "?", "answer": " ".join(draw.choices(words, k=60))}
                for _ in range(2000)
            )
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def measure(path: Path) -> dict[str, float]:
    """Look at a file, read it as a run of some steps does, twice; return seconds and bytes."""
    from ia3_studio.data.findings import examine
    from ia3_studio.data.load import DataChoice
    from ia3_studio.data.tokens import tokenize
    from ia3_studio.runs import RunConfig
    from ia3_studio.tasks.preview import open_tokenizer_of
    from ia3_studio.tasks.rows import RowReader
    from ia3_studio.training import TrainConfig

    began = time.perf_counter()
    examine(DataChoice(str(path)).look())
    look = time.perf_counter() - began
    model = "SmolLM2-135M-Instruct"
    tokenizer, _task = open_tokenizer_of(model, lambda _share, _said: None)
    config = RunConfig("large", model, str(path), "paper", TrainConfig(batch_size=BATCH, max_steps=STEPS))
    watch = PrivateMemory()
    before = watch.now()
    seconds = []
    with watch:
        for _time in range(2):
            began = time.perf_counter()
            split = config.choice().load(config.held_out)
            rows, _held_out = RowReader(split, config).read_both(lambda each: tokenize(each, tokenizer, 512), tokenizer)
            assert len(rows) == STEPS * BATCH
            seconds.append(time.perf_counter() - began)
    return {"look": look, "read": seconds[0], "again": seconds[1], "memory": watch.most - before}


class PrivateMemory(threading.Thread):
    """Watch the anonymous memory of this process, which no other and no file shares (Linux)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._over = threading.Event()

    def now(self) -> int:
        """Return the bytes at this moment."""
        status = Path("/proc/self/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) * 1024

    def run(self) -> None:
        """Look ten times a second."""
        while not self._over.wait(0.1):
            self.most = max(self.most, self.now())

    def __enter__(self) -> PrivateMemory:
        self.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._over.set()
        self.join()


if __name__ == "__main__":
    main()
