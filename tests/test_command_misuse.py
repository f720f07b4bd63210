"""Wrong values of every option of both commands: exit code 2 and one line that says what was wrong, no traceback."""

import click
import pytest
from click.testing import CliRunner

import learning.cli
import tropical as tp
import tropical.cli
from tropical_relu_cli import BAD_INPUT, DONE

PLANE = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
BAD_FILES = ("", "missing.json", ".", "empty.json", "list.json", "text.json", "words.npz", "net.unknown", "a\0b.json")
BAD_TEXTS = ("", "abc", "nan", "inf", "1e5x", "1/0", "-", "[", "{}", "1,2,3", "0 0", "é")
COMMANDS = {
    "tropical": (
        tropical.cli.main,
        {
            "inspect": ["net.json"],
            "plot": ["net.json", "--out", "new.png"],
            "equivalent": ["net.json", "net.json"],
            "convert": ["net.json", "new.npz"],
            "check": ["certificate.json"],
        },
    ),
    "relu-learn": (
        learning.cli.main,
        {
            "recover": ["net.json", "--samples", "50", "--out", "new"],
            "scaling": ["--size", "tiny", "--out", "new"],
            "lemmas": ["net.json", "--lemma", "L2", "--samples", "10"],
        },
    ),
}
WRITTEN = ("out", "certificate", "target")  # files that need not exist


def _wrong(parameter):
    """Wrong values of a parameter, by its type; each is a list of the words that it takes on the command line."""
    kind = parameter.type
    if isinstance(kind, click.Path) and parameter.name in WRITTEN:
        return [[""], ["net.json/below"], ["no folder\0/a.png"]]
    if isinstance(kind, click.Path):
        return [[name] for name in BAD_FILES]
    if isinstance(kind, click.Choice):
        return [[""], ["none of these"], [kind.choices[0].upper() + "x"]]
    if isinstance(kind, click.IntRange):
        beyond = [kind.min - 1] if kind.max is None else [kind.min - 1, kind.max + 1]
        return [[text] for text in ("", "abc", "1.5", "nan", *map(str, beyond))]
    if isinstance(kind, click.FloatRange):
        return [[text] for text in ("", "abc", "nan", "inf", str(kind.min), "-1")]
    if isinstance(kind, click.Tuple):
        return [["1", "0"], *([text, "1"] for text in BAD_TEXTS), *(["0", text] for text in BAD_TEXTS)]
    return [[text] for text in BAD_TEXTS]


def _cases():
    for program, (main, calls) in COMMANDS.items():
        for name, command in main.commands.items():
            for parameter in command.params:
                if not getattr(parameter, "is_flag", False):
                    yield pytest.param(main, name, calls[name], parameter, id=f"{program}-{name}-{parameter.name}")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tp.save_network(PLANE, "net.json")
    tp.save_certificate(tp.equivalent(PLANE, PLANE).certificate, "certificate.json")
    for name, content in (("empty.json", ""), ("list.json", "[]"), ("text.json", '"a"'), ("words.npz", "abc"),
                          ("net.unknown", "{}")):  # fmt: skip
        (tmp_path / name).write_text(content)
    return tmp_path


def _line(command, words, parameter, value):
    """The valid words with this value for the parameter."""
    if isinstance(parameter, click.Argument):
        place = [p for p in command.params if isinstance(p, click.Argument)].index(parameter)
        return [*words[:place], *value, *words[place + 1 :]]
    option = parameter.opts[0]
    if option in words:
        place = words.index(option)
        return [*words[: place + 1], *value, *words[place + 2 :]]
    return [*words, option, *value]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("main", "name", "words", "parameter"), [*_cases()])
def test_a_wrong_value_is_bad_input(main, name, words, parameter, files):
    for value in _wrong(parameter):
        result = CliRunner().invoke(main, [name, *_line(main.commands[name], words, parameter, value)])
        assert result.exit_code == BAD_INPUT, (value, result.exit_code, result.output[-300:], result.exception)
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(errors) == 1, (value, result.stderr)
        assert "Traceback" not in result.stderr, (value, result.stderr)


def test_every_command_has_a_valid_call(files):
    for main, calls in COMMANDS.values():
        assert set(calls) == set(main.commands)
    for name, words in COMMANDS["tropical"][1].items():
        assert CliRunner().invoke(tropical.cli.main, [name, *words]).exit_code == DONE
