"""Cases, gradients and messages: what is taken holds the numbers that NumPy finds in the file."""

from __future__ import annotations

import io
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from safetensors.numpy import load as load_safetensors

from fuzz.format import Format, Wrong
from fuzz.mutate import spoiled, spoiled_tree
from fuzz.signed import spoiled_tensors
from mlpcli.check.array_files import read_array_file
from mlpcli.check.convention import Convention
from mlpcli.check.exchange import read_case, read_case_file, read_returned, write_case
from mlpcli.check.given.tree import same
from mlpcli.check.given.wire import HEAD, WireError, body_length, pack, unpack
from mlpcli.errors import CaseError, InputError
from mlpcli.files import to_safetensors

if TYPE_CHECKING:
    import random

    from mlpcli.check.case import Case

__all__ = ["ARRAY_FORMATS", "Message"]

Arrays = dict[str, np.ndarray[Any, Any]]
TOKENS = b"""W1 b1 dW1 X y omega objective loss F64 I64 BF16 shape data_offsets descr fortran_order
    <f8 |O <U9 null true 1e999 [[ ]] " __metadata__""".split()


def load(suffix: str, content: bytes) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays of a file by name, and what else it holds; not by our own reader."""
    if suffix == ".npz":
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            every = {name: archive[name] for name in archive.files}
        return {n: a for n, a in every.items() if a.dtype.kind != "U"}, {}
    if suffix == ".safetensors":
        return load_safetensors(content), {}
    document = json.loads(content, parse_int=float)  # 10**400 is inf, as in other languages
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    arrays = {n: np.array(v, np.float64) for n, v in document.items() if n not in texts}
    return arrays, texts


def store(suffix: str, arrays: Arrays, texts: dict[str, str]) -> bytes:
    """Return a file of arrays and texts."""
    if suffix == ".safetensors":
        return bytes(to_safetensors(arrays, texts))
    buffer = io.BytesIO()
    members: dict[str, Any] = {**arrays, **{name: np.array(text) for name, text in texts.items()}}
    np.savez(buffer, **members)
    return buffer.getvalue()


class ArrayFormat(Format):
    """A file of named arrays; half of them are spoiled in the arrays, and stored again."""

    suffix: ClassVar[str]
    good: ClassVar[str]
    tokens: ClassVar[list[bytes]] = TOKENS

    def seeds(self) -> list[bytes]:
        return [(self.folder / f"{self.good}{self.suffix}").read_bytes()]

    def mutated(self, content: bytes, rng: random.Random) -> bytes:
        if rng.random() < 0.5:
            return spoiled(content, rng, self.tokens, self.pool)
        try:
            if self.suffix == ".json":
                return json.dumps(spoiled_tree(json.loads(content), rng)).encode()
            objective = json.dumps(spoiled_tree(Convention().document(), rng))
            texts = {"objective": objective} if rng.random() < 0.5 else {}
            return store(self.suffix, spoiled_tensors(load(self.suffix, content)[0], rng), texts)
        except Exception:  # noqa: BLE001  what is spoiled already may be no file of arrays
            return spoiled(content, rng, self.tokens, self.pool)

    def judge(self) -> None:
        self.understand()
        content = self.path.read_bytes()
        try:
            arrays = read_array_file(self.path).arrays()
        except CaseError:
            return  # a gradient may be nested
        if self.suffix == ".npz" and content[:2] != b"PK":
            return  # NumPy wants an archive to begin as one
        try:
            others, _ = load(self.suffix, content)
        except Exception as error:
            raise Wrong(f"taken, where NumPy balks: {error}") from error
        if arrays.keys() != others.keys():
            raise Wrong(f"has {[*arrays]}, where NumPy finds {[*others]}")
        for name, array in arrays.items():
            if not same(np.asarray(array), np.asarray(others[name])):
                raise Wrong(f"{name} is not what NumPy finds")

    def understand(self) -> None:
        """Read what the arrays are about."""
        raise NotImplementedError


class CaseFile(ArrayFormat):
    good = "goodcase"

    def understand(self) -> None:
        found = read_case_file(self.path)
        case = found.case(found.convention or Convention())
        copy = self.folder / f"copy{self.suffix}"
        with copy.open("wb") as file:
            write_case(case, file, self.suffix)
        again = read_case(copy)
        for one, other in ((case.X, again.X), (case.y, again.y),
                           (case.network.theta, again.network.theta)):  # fmt: skip
            if not np.array_equal(one, other):
                raise Wrong("stored and read it is another case")
        if case.objective != again.objective:
            raise Wrong("stored and read it has another objective")


class GradientFile(ArrayFormat):
    good = "goodgradient"

    @cached_property
    def case(self) -> Case:
        """What the gradient is of."""
        return read_case(self.folder / "goodcase.npz")

    def understand(self) -> None:
        found = read_returned(self.path, self.case)
        if [p.shape for p in found.gradient.W] != [p.shape for p in self.case.network.W]:
            raise Wrong("a gradient of other shapes")


def _formats() -> list[type[Format]]:
    """Return the formats of a case and of a gradient, each in three kinds of file."""
    made: list[type[Format]] = []
    for kind, what in ((CaseFile, "case"), (GradientFile, "gradient")):
        for suffix in (".npz", ".safetensors", ".json"):
            file = f"{what}{suffix}"
            given = ["--case", "goodcase.npz", "--gradient", file]
            words = ("gradcheck", *(["--case", file] if what == "case" else given))
            made.append(type(f"{what}{suffix}", (kind,), {
                "name": f"{what} {suffix}", "file": file, "suffix": suffix, "commands": (words,),
            }))  # fmt: skip
    return made


ARRAY_FORMATS = _formats()


class Message(Format):
    """What a function's process sends back: taken is only what packs again to the same."""

    name = "answers of a function"
    file = "message.bin"
    tokens: ClassVar[list[bytes]] = b"""{"array":["<f8",[2]]} "tuple" "dict" <f8 [2] -1 |O
        4611686018427387904""".split()

    def seeds(self) -> list[bytes]:
        trees = [
            np.arange(6.0).reshape(2, 3),
            ([1, None], {"W1": np.ones(2, "f4")}),
            {1: (True, "x")},
        ]
        return [pack({"tree": tree})[HEAD:] for tree in trees]

    def mutated(self, content: bytes, rng: random.Random) -> bytes:
        size = int.from_bytes(content[:4], "little")
        if rng.random() < 0.5 or len(content) < 4 + size:
            return spoiled(content, rng, self.tokens, self.pool)
        try:
            text = json.dumps(spoiled_tree(json.loads(content[4 : 4 + size]), rng)).encode()
        except ValueError:
            text = spoiled(content[4 : 4 + size], rng, self.tokens)
        return len(text).to_bytes(4, "little") + text + content[4 + size :]

    def judge(self) -> None:
        content = self.path.read_bytes()
        try:
            message = unpack(content)
        except WireError as error:
            raise InputError(repr(str(error))) from error
        packed = pack(message)
        if body_length(packed[:HEAD], 2**40) != len(packed) - HEAD:
            raise Wrong("another length")
        if pack(unpack(packed[HEAD:])) != packed:
            raise Wrong("packs to another message")
