import pytest

from omlmd_jupyter.errors import OmlmdError
from omlmd_jupyter.line import parse, positionals, split


def test_the_verb_comes_first_and_the_rest_goes_to_the_cli():
    request = parse("pull local/iris:v1 -o 'my models' --overwrite")
    assert request.verb == ("pull",)
    assert request.args == ("local/iris:v1", "-o", "my models", "--overwrite")


def test_an_empty_line_asks_for_help():
    assert parse("").verb == ("help",)
    assert parse("  ;").verb == ("help",)


@pytest.mark.parametrize("line", ["push --help", "push local/a --help", "push -h"])
def test_help_of_a_verb_in_each_spelling(line):
    assert parse(line).verb == ("help",)
    assert parse(line).args == ("push",)


@pytest.mark.parametrize("flag", ["--model clf", "--model=clf"])
def test_model_and_format_are_the_magics_own(flag):
    request = parse(f"push local/iris:v1 {flag} --format joblib --set a=1")
    assert (request.model, request.format) == ("clf", "joblib")
    assert request.args == ("local/iris:v1", "--set", "a=1")


def test_format_of_other_verbs_is_the_clis():
    assert parse("ls local --format table").args == ("local", "--format", "table")


def test_format_without_a_variable_is_explained():
    with pytest.raises(OmlmdError, match="no --model"):
        parse("push local/a m.onnx --format joblib")


@pytest.mark.parametrize("line", ["push local/a --model", "push local/a --model="])
def test_a_flag_without_its_value_is_refused(line):
    with pytest.raises(OmlmdError, match="--model needs a value"):
        parse(line)


def test_two_word_verbs_keep_their_second_word():
    assert parse("get config local/a").verb == ("get", "config")
    assert parse("store ls").verb == ("store", "ls")
    assert parse("tag local/a v2").verb == ("tag",)


def test_a_semicolon_at_the_end_is_not_an_argument():
    request = parse("ls local ;")
    assert request.quiet and request.args == ("local",)
    assert parse("tag local/a 'v;1'").args == ("local/a", "v;1")


def test_an_open_quote_is_explained():
    with pytest.raises(OmlmdError) as caught:
        parse("push local/a model's.onnx")
    assert "no closing quotation" in str(caught.value)
    assert "quotes" in caught.value.hint


def test_a_hash_is_no_comment_and_brackets_are_text():
    assert split("push a#b --set x={1,2}") == ["push", "a#b", "--set", "x={1,2}"]


def test_backslashes_of_windows_paths_stay():
    line = r"push local/a C:\models\m.onnx"
    assert split(line, windows=True)[-1] == r"C:\models\m.onnx"
    assert split(line, windows=False)[-1] == "C:modelsm.onnx"


@pytest.mark.parametrize(
    "line",
    [
        "login quay.io -u me -p hunter2",
        "login quay.io --password=hunter2",
        "push r.example/a m --identity-token abc",
        "ls r.example -H 'Authorization: Bearer abc'",
        "ls r.example --header=authorization:abc",
        "ls r.example '-HCookie: s=1'",
    ],
)
def test_a_secret_on_the_line_is_refused_and_not_repeated(line):
    with pytest.raises(OmlmdError) as caught:
        parse(line)
    assert "hunter2" not in str(caught.value) and "abc" not in str(caught.value)


def test_text_that_only_looks_like_a_header_is_no_secret():
    assert parse("push local/a m --set 'note=Authorization: none' -H X-A:1").args[-1] == "X-A:1"


def test_what_is_asked_for_at_a_prompt():
    assert parse("login quay.io").asks == "password"
    assert parse("login quay.io --identity-token-stdin").asks == "identity token"
    assert parse("pull r.example/a --password-stdin -u me").asks == "password"
    assert parse("pull r.example/a").asks is None


def test_progress_is_not_for_the_line():
    with pytest.raises(OmlmdError, match="--progress"):
        parse("ls local --progress none")


def test_a_flag_before_the_verb_is_explained():
    with pytest.raises(OmlmdError, match="the verb comes first"):
        parse("--plain-http push local/a")


def test_positionals_are_told_from_the_values_of_flags():
    args = ["--set", "a=1", "REF", "-m", "x", "--empty-metadata", "PATH", "--", "-odd"]
    assert [args[i] for i in positionals("push", args)] == ["REF", "PATH", "-odd"]
