"""What a run left as JSON: its report, read by `mlp runs`, and its history, by --resume."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, ClassVar

from fuzz.format import Format, Wrong
from fuzz.mutate import spoiled, spoiled_tree
from fuzz.stage import RESUME
from mlpcli.report.runs import runs_document
from mlpcli.training.past_runs import differing, read_runs, sort_runs
from mlpcli.training.run_folder import RunFolder

if TYPE_CHECKING:
    import random

__all__ = ["History", "Report"]


class Report(Format):
    name = "report.json"
    file = "past/report.json"
    tokens: ClassVar[list[bytes]] = [
        b"NaN",
        b"Infinity",
        b"null",
        b'"metrics"',
        b'"test"',
        b"1e999",
    ]
    commands = (("runs", "past", "run"), ("runs", "past", "--json"))

    def seeds(self) -> list[bytes]:
        return [(self.folder / "good-report.json").read_bytes()]

    def feed(self, content: bytes) -> str | None:
        self.path.parent.mkdir(exist_ok=True)
        config = (self.folder / "run/config.yaml").read_bytes()
        (self.path.parent / "config.yaml").write_bytes(config)
        return super().feed(content)

    def mutated(self, content: bytes, rng: random.Random) -> bytes:
        try:
            document = json.loads(content)
        except ValueError:
            return spoiled(content, rng, self.tokens, self.pool)
        if rng.random() < 0.3:
            return spoiled(content, rng, self.tokens, self.pool)
        return json.dumps(spoiled_tree(document, rng)).encode()

    def judge(self) -> None:
        found, problems = read_runs([self.path.parent, self.folder / "run"])
        if len(found) + len(problems) != 2:
            raise Wrong("a run is lost")
        if not all(map(str.isprintable, problems)):
            raise Wrong(f"no printable line: {problems}")
        for name in ("loss", "roc_auc"):
            sort_runs(found, name)
        differing(found)
        json.dumps(runs_document(found), allow_nan=False)


class History(Format):
    name = "history.jsonl"
    file = "again/history.jsonl"
    commands = (RESUME, ("runs", "again"))
    tokens: ClassVar[list[bytes]] = [b'"epoch": 1', b'"epoch": 2', b"}\n{", b"\n\n", b"NaN"]

    def seeds(self) -> list[bytes]:
        return [(self.folder / "good-history.jsonl").read_bytes()]

    def command(self, content: bytes) -> None:
        shutil.copytree(self.folder / "run", self.folder / "again", dirs_exist_ok=True)
        super().command(content)

    def judge(self) -> None:
        RunFolder(self.path.parent).start("", epochs_done=2)
        lines = self.path.read_bytes().split(b"\n")[:-1]
        if [json.loads(line)["epoch"] for line in lines] != [1, 2]:
            raise Wrong(f"kept {lines!r:.200}")
