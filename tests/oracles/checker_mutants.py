"""Versions of the checker with one change each, and what a version says about a certificate.

A version is run from changed source text, in a module of its own. Standard library only.
"""

import ast
import contextlib
import copy
import io
import json
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from unittest.mock import patch

from oracles.hand_certificates import EXAMPLES

SECONDS = 1.0  # of processor time for one certificate; all that are used here take milliseconds


class Endless(BaseException):
    """A version of the checker does not come to an end."""


def load(tree: ast.Module, name: str = "checker_version") -> ModuleType:
    return run([compile(tree, name, "exec")], name)


def run(codes: Iterable[CodeType], name: str) -> ModuleType:
    """The module that the pieces of code make; ``SystemExit`` where it would end the process."""
    module = ModuleType(name)
    with patch("os._exit", sys.exit):
        for code in codes:
            exec(code, vars(module))
    return module


def outcome(module: ModuleType, example: Any) -> tuple[str, ...]:
    """What a version says about a certificate; about a file, if the example is its text; or what a function returns,
    if the example is the tuple of its name and arguments.
    """
    try:
        if isinstance(example, str):
            return of_file(module.main, example)
        if isinstance(example, tuple):
            return printed(lambda: getattr(module, example[0])(*copy.deepcopy(example[1:])))
        return "accepted", module.check(copy.deepcopy(example))
    except module.Malformed as error:
        return "malformed", str(error)
    except module.Rejected as error:
        return "rejected", str(error)
    except Exception as error:
        return "crashed", type(error).__name__


def of_file(main: Callable[[list[str]], int], text: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.json"
        path.write_text(text, encoding="utf-8")
        return printed(lambda: main([str(path)]))


def printed(function: Callable[[], Any]) -> tuple[str, ...]:
    """What a function returns, or the exit code that it raises, and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            result = function()
        except SystemExit as error:
            result = error.code
    return repr(result), out.getvalue(), err.getvalue()


# ---- The lines that reject.


def rejecting(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt], int]]:
    """Every ``raise`` and every ``require(...)``: its name, the list of statements that it stands in, and its place."""
    for scope, body in bodies(tree):
        for place, statement in enumerate(body):
            if isinstance(statement, ast.Raise):
                yield f"{scope}: {message(statement.exc)}", body, place
            elif is_require(statement):
                yield f"{scope}: {message(statement.value)}", body, place


def is_require(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "require"


def message(call: ast.expr | None) -> str:
    assert isinstance(call, ast.Call)
    reason = call.args[-1]
    if not isinstance(reason, ast.JoinedStr):
        return str(reason.value) if isinstance(reason, ast.Constant) else ast.unparse(reason)
    shown = ((p.value if isinstance(p, ast.Constant) else f"{{{ast.unparse(p.value)}}}") for p in reason.values)
    return "".join(map(str, shown))


def bodies(node: ast.AST, scope: str = "") -> Iterator[tuple[str, list[ast.stmt]]]:
    """All lists of statements, with the name of the function that they belong to."""
    for _, value in ast.iter_fields(node):
        entries = value if isinstance(value, list) else [value]
        if entries and isinstance(entries[0], ast.stmt):
            yield scope, entries
        for entry in entries:
            if isinstance(entry, ast.AST):
                named = isinstance(entry, (ast.FunctionDef, ast.ClassDef))
                yield from bodies(entry, f"{scope}.{entry.name}".lstrip(".") if named else scope)


@contextlib.contextmanager
def without(body: list[ast.stmt], place: int) -> Iterator[None]:
    """The list of statements with ``pass`` in this place."""
    statement = body[place]
    body[place] = ast.copy_location(ast.Pass(), statement)
    try:
        yield
    finally:
        body[place] = statement


# ---- Mutants.

SHIFTED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
SHIFTED |= {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mult: ast.Add}
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
UNTOUCHED = {"annotation", "returns", "type_comment", "decorator_list", "op", "ops", "ctx"}
SHORT, LONG = 12, 80  # a change of less text is named by what is around it, one of more text without it


@dataclass(frozen=True)
class Slot:
    """An entry of a syntax tree: the field of a node, and the place in it if it is a list."""

    parent: ast.AST
    field: str
    place: int | None

    def exchange(self, fresh: Any) -> Any:
        """Put a node there and return the old one."""
        if self.place is None:
            old = getattr(self.parent, self.field)
            setattr(self.parent, self.field, fresh)
        else:
            entries = getattr(self.parent, self.field)
            old, entries[self.place] = entries[self.place], fresh
        return old


class Mutants:
    """All versions of a source text with one change, each with a name: function, code before, code after.

    ``strict=True`` is left alone: it asserts lengths that were compared before.
    """

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.codes = [self.compiled(statement) for statement in self.tree.body]
        self.names: list[str] = []
        self.changes: list[tuple[int, Slot, ast.AST]] = []
        seen: Counter[str] = Counter()
        for number, statement in enumerate(self.tree.body):
            for name, slot, fresh in slots(statement):
                seen[name] += 1
                self.names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
                self.changes.append((number, slot, fresh))

    @staticmethod
    def compiled(statement: ast.stmt) -> Any:
        return compile(ast.Module([statement], []), "checker_version", "exec")

    def module(self, k: int | None = None, name: str = "checker_version") -> ModuleType:
        """Mutant number k, or the original; raises what the changed module raises when it is imported."""
        codes = list(self.codes)
        if k is not None:
            number, slot, fresh = self.changes[k]
            old = slot.exchange(fresh)
            try:
                codes[number] = self.compiled(self.tree.body[number])
            finally:
                slot.exchange(old)
        return run(codes, name)


def slots(node: ast.AST, scope: str = "", above: tuple[ast.AST, ...] = ()) -> Iterator[tuple[str, Slot, ast.AST]]:
    """Every change below a node: its name, its slot, and the new node for it."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        scope = f"{scope}.{node.name}".lstrip(".")
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return
    above = (*above, node)
    for field, value in ast.iter_fields(node):
        if field in UNTOUCHED:
            continue
        for place, entry in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(entry, ast.AST):
                continue
            slot, fresh = Slot(node, field, place), [*changes(entry)]
            if field in ("test", "ifs") and isinstance(entry, ast.expr):
                fresh.append(ast.UnaryOp(ast.Not(), entry))
            for other in fresh:
                ast.fix_missing_locations(ast.copy_location(other, entry))
                yield f"{scope}: {shown(slot, entry, other, above)}", slot, other
            yield from slots(entry, scope, above)


def shown(slot: Slot, before: ast.AST, after: ast.AST, above: tuple[ast.AST, ...]) -> str:
    """The change in words, with as much of the expression around it as makes it readable."""
    around = before
    for node in reversed(above):
        if len(headline(around)) >= SHORT or isinstance(around, ast.stmt) or isinstance(node, ast.FunctionDef):
            break
        around = node
    if around is before:
        return brief(headline(before), headline(after))
    text = headline(around)
    slot.exchange(after)
    changed = headline(around)
    slot.exchange(before)
    return brief(text, changed)


def brief(before: str, after: str) -> str:
    """Both texts, or, if they are long, what differs with a little around it."""
    if len(before) + len(after) <= LONG:
        return f"{before} -> {after}"
    start = max(common(before, after) - SHORT, 0)
    end = max(common(before[start:][::-1], after[start:][::-1]) - SHORT, 0)
    return " -> ".join(text[start : len(text) - end] for text in (before, after))


def common(text: str, other: str) -> int:
    """The length of the longest common beginning."""
    return next((k for k, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def headline(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def changes(node: ast.AST) -> Iterator[ast.AST]:
    kinds = (ast.Raise, ast.Continue, ast.Break, ast.Assign, ast.AugAssign, ast.Expr)
    if isinstance(node, kinds) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.UnaryOp(ast.USub(), node.value))
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        for k in range(len(node.values)):
            rest = node.values[:k] + node.values[k + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            yield ast.Compare(node.left, [*node.ops[:k], SHIFTED[type(op)](), *node.ops[k + 1 :]], node.comparators)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield from (ast.Constant(node.value + step) for step in (1, -1))
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        yield ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id], ast.Load())


@contextlib.contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raise :class:`Endless` after so much processor time; in the main thread only."""

    def stop(*_: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def caught(mutants: Mutants, k: int, examples: list[tuple[Any, tuple[str, ...]]]) -> str:
    """The first sign of a mutant on pairs (example, outcome of the original), or "" if it shows none."""
    try:
        module = mutants.module(k)
    except (Exception, SystemExit) as error:
        return f"import: {type(error).__name__}"
    for number, (example, expected) in enumerate(examples):
        try:
            with limited():
                found = outcome(module, example)
        except Endless:
            return f"{number}: endless"
        if found != expected:
            return f"{number}: {found[0]} instead of {expected[0]}"
    if mutants.names[k].startswith(":") and as_program(mutants, k) != as_program(mutants, None):
        return "as a program"
    return ""


class Full(io.StringIO):
    """A full disk, which a program notices when it writes or only when what it wrote is flushed."""

    def __init__(self, at: str) -> None:
        super().__init__()
        setattr(self, at, self.refuse)

    def refuse(self, *_: object) -> int:
        raise OSError(28, "No space left on device")


def as_program(mutants: Mutants, k: int | None) -> list[tuple[object, ...]]:
    """What a version does that is run with the name of a file: its exit code and what it printed."""
    arguments, ends = sys.argv, []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.json"
        path.write_text(json.dumps(EXAMPLES["cells"]), encoding="utf-8")
        try:
            for name in ("missing.json", str(path)):
                sys.argv = ["checker.py", name]
                ends.append(printed(lambda: mutants.module(k, "__main__")))
                ends += [unprinted(lambda: mutants.module(k, "__main__"), at) for at in ("write", "flush")]
        finally:
            sys.argv = arguments
    return ends


def unprinted(function: Callable[[], Any], at: str) -> tuple[object, ...]:
    """How a program ends that cannot print, and whether it says so."""
    said = io.StringIO()
    with contextlib.redirect_stdout(Full(at)), contextlib.redirect_stderr(said):
        try:
            function()
        except BaseException as end:
            return type(end).__name__, getattr(end, "code", None), bool(said.getvalue())
    return ()
