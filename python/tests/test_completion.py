import pytest

from omlmd_jupyter import load_ipython_extension, unload_ipython_extension
from omlmd_jupyter.completion import complete

VARIABLES = {"clf": object(), "_private": 1, "os": pytest, "train": lambda: 1}


@pytest.mark.parametrize("start", ["%omlmd pu", "%%omlmd pu", "r = %omlmd pu", "  %omlmd  pu", "a, b = %omlmd pu"])
def test_verbs_are_completed_wherever_the_magic_stands(start):
    assert complete(start, {}) == ["push", "pull"] or set(complete(start, {})) == {"push", "pull"}


@pytest.mark.parametrize("other", ["pu", "# %omlmdx pu", "%omlmdpu", "%omlmd push x PATH", "%omlmd nonsense --", "print(%omlmd)"])
def test_other_lines_are_left_alone(other):
    assert complete(other, VARIABLES) == []


def test_flags_formats_variables_and_second_words():
    assert complete("%omlmd push local/a --mo", {}) == ["--model"]
    assert "--plain-http" in complete("%omlmd pull r.example/a --", {})
    assert complete("%omlmd push local/a --model ", VARIABLES) == ["clf"]
    assert complete("%omlmd push local/a --format job", {}) == ["joblib"]
    assert complete("%omlmd get c", {}) == ["config"]
    assert complete("%omlmd help pul", {}) == ["pull"]


def completions(shell, code):
    return shell.complete(None, code, len(code))[1]


def test_ipython_offers_them_once_also_after_a_reload(shell):
    load_ipython_extension(shell)
    load_ipython_extension(shell)
    for start in ("%omlmd pu", "r = %omlmd pu", "%%omlmd pu"):
        assert sorted(completions(shell, start)) == ["pull", "push"], start
    assert completions(shell, "%omlmd push local/a --mo") == ["--model"]
    unload_ipython_extension(shell)
    assert "push" not in completions(shell, "%omlmd pu")
