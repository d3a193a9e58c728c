"""A private folder for what exists only while a push runs: the saved model, and the cell's metadata beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from .errors import OmlmdError
from .saving import existing_path, save

SIDECAR = ".omlmd.yaml"


@contextmanager
def staging() -> Iterator[Path]:
    """A folder that only this user can read (``mkdtemp``); it is gone afterwards, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="omlmd-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stage_variable(value: Any, name: str, folder: Path, format: str = "auto") -> Path:
    """The file to push for an object: the one it names, or a new one in ``folder``."""
    path = existing_path(value)
    if path is None:
        if isinstance(value, (str, os.PathLike)) and format == "auto":
            raise OmlmdError(
                f"reading {name}: there is no file or folder {os.fspath(value)!r}",
                code="not-found",
                hint="give the variable that holds the model, or the path of an existing file",
            )
        return save(value, name, folder, format)
    if format != "auto":
        raise OmlmdError(
            f"saving {name} as {format}: it names a file, which is pushed as it is", code="usage", hint="leave out --format"
        )
    return path.absolute()


def stage_metadata(model: Path, body: str, folder: Path) -> Path:
    """Puts metadata beside a model, where the CLI merges it over what it reads from the model.

    Nothing is written beside a person's own file: ``folder`` gets a link to it, and the metadata goes beside the link.
    The CLI follows the link, so the artifact and the files that belong to the model are the same.
    """
    if model.parent != folder:
        model = _link(model, folder)
    sidecar = folder / (model.name + SIDECAR)
    sidecar.write_text(body, encoding="utf-8")
    return model


def own_sidecar(model: Path) -> Path | None:
    """A person's own metadata file beside a model, which a cell's metadata takes the place of."""
    for name in (model.name, model.stem):
        candidate = model.with_name(name + SIDECAR)
        if candidate.exists():
            return candidate
    return None


def _link(model: Path, folder: Path) -> Path:
    link = folder / model.name
    target = model.absolute()
    try:
        link.symlink_to(target, target_is_directory=target.is_dir())
        return link
    except OSError as error:  # Windows, without the right to make symbolic links
        try:
            os.link(target, link)
            return link
        except OSError:
            raise OmlmdError(
                f"linking {model}: {error}",
                code="file-unreadable",
                hint=f"put the metadata into {model.name}{SIDECAR} beside the model and use %omlmd push",
            ) from error
