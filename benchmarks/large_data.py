"""How soon is a large file looked at, and how much memory do its examples and tokens take? A tenth of it beside all.

    python benchmarks/large_data.py [--megabytes 1024]
    python benchmarks/large_data.py --previews

Writes JSON lines of questions and answers, and measures in a process of its own for each size: the seconds until the
Data tab has read what it shows, the seconds until the examples and a run's rows lie on disk, those of a second run,
and the most private memory meanwhile (pages of the mapped file, which the system takes back at will, not counted).

With ``--previews``, measures how long the Data tab takes to show an upload that is just too small to be read in parts,
for rows of several shapes, and of a CSV file of 100 MB: reading, splitting, looking for problems, and keeping a copy.
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
    parser.add_argument("--previews", action="store_true")
    options = parser.parse_args()
    if options.previews:
        show_previews()
        return
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
    return write_shape(path, "pairs", size + 2**20)


def show_previews() -> None:
    """Write an upload of each shape, show it as the Data tab does, and print the seconds."""
    from ia3_studio.data.load import look_at, split_table
    from ia3_studio.ui.data_source import keep
    from ia3_studio.ui.rows_card import data_overview

    print(f"{'shape':>16}{'MB':>6}{'preview, s':>12}{'processor, s':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for shape, megabytes in (
            ("pairs", 63),
            ("short labels", 63),
            ("conversations", 63),
            ("csv", 100),
            ("pairs", 8),
        ):
            path = write_shape(Path(folder) / f"rows{'.csv' if shape == 'csv' else '.jsonl'}", shape, megabytes * 2**20)
            began, busy = time.perf_counter(), time.process_time()
            data_overview(split_table(path.name, look_at(path), held_out=0.1))
            keep(path, Path(folder) / "kept")
            seconds, busy = time.perf_counter() - began, time.process_time() - busy
            print(f"{shape:>16}{megabytes:6}{seconds:12.1f}{busy:14.1f}")


def write_shape(path: Path, shape: str, size: int) -> Path:
    """Write rows of a shape until a file has a size."""
    draw = random.Random(0)
    words = [f"word{number}" for number in range(5000)]

    def text(count: int) -> str:
        return " ".join(draw.choices(words, k=count))

    def line() -> str:
        if shape == "csv":
            return f'"{text(12)}?","{text(60)}"\n'
        if shape == "short labels":
            return json.dumps({"text": text(6), "label": draw.choice("abc")}) + "\n"
        if shape == "conversations":
            turns = [{"role": ("user", "assistant")[turn % 2], "content": text(25)} for turn in range(8)]
            return json.dumps({"messages": turns}) + "\n"
        return json.dumps({"prompt": f"{text(12)}?", "answer": text(60)}) + "\n"

    with path.open("w", encoding="utf-8") as file:
        if shape == "csv":
            file.write("prompt,answer\n")
        while file.tell() < size - 2**20:
            file.writelines(line() for _ in range(500))
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
