"""The verbs and flags of the command line as the magics need them: to complete, to help, and to tell values from paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Tuple

COMMON_VALUES = ("--format", "--progress")
COMMON_SWITCHES = ("--debug", "--help")
REMOTE_VALUES = (
    "--ca-file", "--cert-file", "--key-file", "--registry-config", "--username", "--header",
    "--concurrency", "--retries", "--timeout",
)  # fmt: skip
REMOTE_SWITCHES = ("--plain-http", "--insecure", "--password-stdin", "--identity-token-stdin")
SHORT_VALUES: Dict[str, Tuple[str, ...]] = {
    "push": ("-m", "-a", "-f"),
    "pull": ("-o", "-m"),
    "get": ("-o",),
}
REMOTE_SHORT_VALUES = ("-u", "-H")


@dataclass(frozen=True)
class Verb:
    """One verb: how it is written, what it does, and its long flags."""

    usage: str
    does: str
    values: Tuple[str, ...] = ()
    switches: Tuple[str, ...] = ()
    remote: bool = True
    #: Second words, as in ``get config``.
    words: Tuple[str, ...] = ()

    def flags(self) -> Tuple[str, ...]:
        """Every long flag, its own first."""
        remote = REMOTE_VALUES + REMOTE_SWITCHES if self.remote else ()
        return (*self.values, *self.switches, *remote, *COMMON_SWITCHES)

    def valued_flags(self) -> FrozenSet[str]:
        """The flags whose next word is their value."""
        name = self.usage.split(" ", 1)[0]
        remote = (*REMOTE_VALUES, *REMOTE_SHORT_VALUES) if self.remote else ()
        return frozenset((*self.values, *SHORT_VALUES.get(name, ()), *COMMON_VALUES, *remote))


VERBS: Dict[str, Verb] = {
    "push": Verb(
        "push REF --model VAR [--format F] | push REF PATH…",
        "puts a model, from a variable or a file, into a registry or the local store",
        (
            "--model", "--format", "--metadata", "--set", "--artifact-format", "--annotation", "--export-manifest",
            "--config-type", "--allow-hidden", "--file",
        ),
        ("--empty-metadata", "--no-auto-metadata", "--tag-if-absent", "--dry-run", "--allow-unsafe"),
    ),
    "pull": Verb(
        "pull REF [-o DIR]",
        "fetches the files of an artifact and checks them",
        ("--output", "--media-types", "--include", "--allow-hidden"),
        ("--overwrite", "--keep", "--unpack", "--no-unpack"),
    ),
    "ls": Verb(
        "ls [HOST | REPO | local] [--long]",
        "lists repositories, or the versions in one",
        ("--limit", "--sort"),
        ("--long", "--all"),
    ),
    "inspect": Verb(
        "inspect REF | FILE",
        "shows metadata and files of an artifact, or what a model file says about itself",
        (),
        ("--no-model",),
    ),
    "diff": Verb("diff A B", "compares metadata and files of two artifacts", (), ("--exit-code",)),
    "attach": Verb(
        "attach REF FILE… --artifact-type T",
        "attaches files to an artifact",
        ("--artifact-type", "--annotation"),
    ),
    "discover": Verb("discover REF", "shows what refers to an artifact", ("--artifact-type",)),
    "store": Verb(
        "store path|ls|verify|gc",
        "looks after the store on this machine",
        (),
        ("--dry-run",),
        words=("path", "ls", "verify", "gc"),
    ),
    "get": Verb(
        "get config|metadata|manifest REF",
        "gives the stored config, metadata or manifest",
        ("--output",),
        words=("config", "metadata", "manifest", "file"),
    ),
    "crawl": Verb("crawl REF…", "gives the configs of many artifacts"),
    "tag": Verb("tag REF NEW…", "gives an artifact more tags"),
    "untag": Verb("untag REF", "takes a tag away"),
    "rm": Verb("rm REF --yes", "deletes an artifact", (), ("--yes",)),
    "cp": Verb("cp SRC DST", "copies an artifact", (), ("--recursive",)),
    "init": Verb("init PATH", "writes the .omlmd.yaml of a model", remote=False),
    "validate": Verb("validate FILE | REF", "checks metadata"),
    "doctor": Verb(
        "doctor [HOST]",
        "looks for what is wrong with this machine or a registry",
        ("--repository",),
    ),
    "login": Verb("login HOST [-u USER]", "asks for the password and stores it", (), ()),
    "logout": Verb("logout HOST", "forgets the password"),
    "version": Verb("version", "tells the version", remote=False),
    "help": Verb("help [VERB]", "tells more", remote=False),
}  # fmt: skip
"""Verbs that are not here are passed to the CLI as they stand."""

SECOND_WORDS = frozenset({"get", "store", "policy", "deploy", "completion"})
"""Verbs whose first argument is a verb of their own, so that options come after it."""
