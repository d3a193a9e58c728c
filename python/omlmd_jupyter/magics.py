"""The IPython magics ``%omlmd`` and ``%%omlmd``."""

from __future__ import annotations

import getpass
import re
from typing import Any, List, Optional, Union

from IPython.core.magic import Magics, line_cell_magic, magics_class

from .errors import OmlmdCancelled, OmlmdError
from .line import Request, parse, positionals
from .result import Listing, Result
from .session import Session
from .verbs import VERBS

HELP = """omlmd: machine-learning models and their metadata as OCI artifacts

  %omlmd push local/iris:v1 --model clf       save the variable clf and push it
  %omlmd push REGISTRY/TEAM/IRIS:v1 PATH      push a file or folder
  %omlmd pull local/iris:v1 -o models         fetch and check the files
  %omlmd ls local                             what is there; ls local/iris --long shows metadata
  %omlmd inspect local/iris:v1                metadata and files, without the weights
  %omlmd diff local/iris:v1 local/iris:v2     what changed
  %omlmd login HOST -u USER                   asks for the password

  %%omlmd push local/iris:v1 --model clf      the cell's body is metadata, written as in .omlmd.yaml:
  name: iris                                  it is merged over what is read from the model
  accuracy: 0.97

A result is an object: r = %omlmd push …; r.reference, r.digest, r.metadata, r.files, r.to_frame().
{name} on the line is replaced by the variable's value, as in every magic; not in a cell's body.
local/… is the store on this machine, for which no registry and no login is needed.
"""


class Text:
    """Plain text to display."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


@magics_class
class OmlmdMagics(Magics):
    """``%omlmd VERB …`` for each verb of the command line, and ``%%omlmd push`` with metadata in the cell."""

    def __init__(self, shell: Any, session: Optional[Session] = None) -> None:
        super().__init__(shell)
        self._session = session or Session()

    @line_cell_magic
    def omlmd(self, line: str, cell: Optional[str] = None) -> Optional[Union[Result, Listing, Text]]:
        """Put models and their metadata into OCI registries. ``%omlmd help`` tells more."""
        request = parse(line)
        body = cell if cell is not None and cell.strip() else None
        if request.verb[0] == "help":
            text = Text(self._help(request))
            return None if request.quiet else text
        if body is not None and request.verb[0] != "push":
            raise OmlmdError(
                f"%%omlmd {request.verb[0]}: only push takes a cell body",
                code="usage",
                hint=f"write %omlmd {request.verb[0]} … on one line",
            )
        result = self._run(request, body)
        if request.quiet:
            count = self.shell.execution_count
            result.hide_while(lambda: self.shell.execution_count == count)
        return result

    def _run(self, request: Request, body: Optional[str]) -> Union[Result, Listing]:
        args = list(request.args)
        if request.verb[0] == "login":
            args, secret = _login(args, request.asks or "password")
        else:
            secret = _ask(f"{request.asks}: ") if request.asks else None
        if request.model is not None:
            value = self._variable(request.model)
            name = request.model.rpartition(".")[2]
            return self._session.push_variable(
                args, value, name, format=request.format, metadata=body, secret=secret
            )
        if body is not None:
            return self._session.push_path(args, body, secret=secret)
        return self._session.call(request.verb, args, secret=secret)

    def _variable(self, name: str) -> Any:
        """The value of ``name`` or ``name.attribute`` in the notebook."""
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
            raise OmlmdError(
                f"%omlmd push: --model takes the name of a variable, not {name!r}",
                code="usage",
                hint="for a file: %omlmd push REF PATH",
            )
        first, *attributes = name.split(".")
        try:
            value = self.shell.user_ns[first]
            for attribute in attributes:
                value = getattr(value, attribute)
        except (KeyError, AttributeError):
            raise OmlmdError(
                f"%omlmd push: there is no variable {name}", code="usage", hint="run the cell that makes it, then this one"
            ) from None
        return value

    def _help(self, request: Request) -> str:
        if not request.args:
            return HELP
        verb = request.args[0]
        known = VERBS.get(verb)
        own = f"%omlmd {known.usage}\n  {known.does}\n\n" if known is not None else ""
        return own + self._session.runner.text(["help", *request.args])


def _login(args: List[str], what: str) -> "tuple[List[str], str]":
    """Asks what the line does not say. The password goes to the CLI's stdin: never on a command line."""
    if not positionals("login", args):
        raise OmlmdError("%omlmd login: which registry?", code="usage", hint="%omlmd login HOST -u USER")
    host = args[positionals("login", args)[0]]
    user_given = any(w in ("-u", "--username") or w.startswith(("--username=", "-u")) for w in args)
    if what != "password":
        return args, _ask(f"{what} for {host}: ")
    if not user_given:
        args = [*args, "--username", _ask(f"user name for {host}: ", hidden=False)]
    if "--password-stdin" not in args:
        args = [*args, "--password-stdin"]
    return args, _ask(f"password for {host}: ")


def _ask(prompt: str, hidden: bool = True) -> str:
    try:
        # In a kernel both go to the front end; what is typed at a hidden prompt is not kept in the notebook.
        answer = getpass.getpass(prompt) if hidden else input(prompt)
    except KeyboardInterrupt:
        raise OmlmdCancelled("cancelled at the prompt", "nothing was sent") from None
    except Exception as error:  # StdinNotImplementedError of a kernel without a person, EOFError of a script
        raise OmlmdError(
            f"asking for {prompt.rstrip(': ')}: {type(error).__name__}: nobody can answer here",
            code="usage",
            hint="log in from a terminal, or set OMLMD_REGISTRY, OMLMD_USERNAME and OMLMD_PASSWORD",
        ) from error
    if answer == "" or "\n" in answer:
        raise OmlmdError(f"asking for {prompt.rstrip(': ')}: nothing was typed", code="usage")
    return answer
