"""From a model's name to folders on this machine: used as they are when here, downloaded when not and when allowed.

Files come from the hub (or a mirror of it, `endpoint`) through huggingface_hub's metadata calls and session. The bytes are
written by us, because its own download starts a half-done file again from nothing: a part of two gigabytes that a closed
laptop cut off is resumed here, even from another mirror of the same file, and checked against the hub's checksum.
A model is collected in `NAME.part/` and renamed to `NAME/` when whole: a folder that exists is a folder that is complete.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..protocol.errors import DiskFull, ModelUnavailable
from ..protocol.exhaustion import is_disk_full
from ..protocol.wording import Cause
from .catalog import ControlNetEntry, Located, ModelEntry, Source, load_catalog
from .layout import check_controlnet, check_model

STALL_TIMEOUT = 20.0
"""Seconds without a byte before a server counts as silent."""
TRIES_WITHOUT_PROGRESS = 3
SPARE_BYTES = 500_000_000
"""Disk space that a download leaves free."""
REPORT_EVERY = 1 << 20
"""Bytes between two reports of progress."""


class Download(NamedTuple):
    """Progress of a download: bytes here and bytes in all, and the file being fetched."""

    done: int
    total: int
    file: str


class _SourceFailed(Exception):
    """One source could not deliver; the next is tried. `code` and `facts` are a Cause's, less the name of the source."""

    def __init__(self, code: str, /, **facts: str | int | float) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


class _RemoteFile(NamedTuple):
    name: str
    url: str
    size: int  # bytes
    checksum: str  # sha256 (64 digits), git blob id (40 digits), or ""


def obtain(
    located: Located, *, depth: bool, online: bool, endpoint: str | None = None, timeout: float = STALL_TIMEOUT
) -> Iterator[Download]:
    """Bring what `located` names onto this machine, with its depth ControlNet if `depth`, and check it.

    Yields Download while anything is fetched. Raises ModelUnavailable (with the remedy "allow_online" where a download would help
    but is not allowed) and DiskFull.
    """
    if not located.folder.is_dir() and not located.is_own_folder:
        yield from _download(located.entry, located.folder, online, endpoint, timeout)
    check_model(located.folder)
    if not depth:
        return
    net = located.controlnet
    if net is None:
        raise ModelUnavailable("model_no_depth", model=located.name)
    if not net.is_dir():
        yield from _download(load_catalog().controlnets[located.entry.controlnet], net, online, endpoint, timeout)
    check_controlnet(net)


def _download(
    entry: ModelEntry | ControlNetEntry, folder: Path, online: bool, endpoint: str | None, timeout: float
) -> Iterator[Download]:
    """Download `entry` into `folder`, from the first of its sources that delivers."""
    if not online:
        raise ModelUnavailable("model_missing", label=entry.label, folder=str(folder), gigabytes=entry.download_gb)
    part = folder.with_name(folder.name + ".part")
    tried: list[Cause] = []
    try:
        part.mkdir(parents=True, exist_ok=True)
        for source in entry.sources:
            try:
                files = _look_up(source, entry.files, endpoint, timeout)
                _check_space(files, part, entry.label)
                yield from _fetch_all(files, part, timeout)
            except _SourceFailed as failure:
                tried.append(Cause(failure.code, source=source.id, **failure.facts))
                continue
            _finish(files, part, folder)
            return
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull(
                "disk_full_download", folder=str(folder.parent), label=entry.label, gigabytes=entry.download_gb
            ) from error
        raise ModelUnavailable("model_not_writable", label=entry.label, folder=str(folder.parent), reason=str(error)) from error
    raise ModelUnavailable("model_not_downloaded", label=entry.label, tried=tuple(tried), folder=str(folder))


def _look_up(source: Source, names: Sequence[str], endpoint: str | None, timeout: float) -> list[_RemoteFile]:
    """Size, checksum and address of each file. No token is ever sent: a stale one is refused even where none is needed."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    files = []
    for name in names:
        url = hf_hub_url(source.id, name, revision=source.revision, endpoint=endpoint)
        try:
            meta = get_hf_file_metadata(url, token=False, timeout=timeout, endpoint=endpoint)
        except HfHubHTTPError as error:
            raise _http_failure(error.response.status_code, name) from error
        except OfflineModeIsEnabled as error:
            raise _SourceFailed("source_offline", variable="HF_HUB_OFFLINE") from error
        except httpx2.TimeoutException as error:
            raise _SourceFailed("source_no_answer", seconds=timeout) from error
        except httpx2.HTTPError as error:
            raise _SourceFailed("source_no_connection", reason=str(error)) from error
        if meta.size is None:
            raise _SourceFailed("source_no_size", file=name)
        files.append(_RemoteFile(name, url, meta.size, meta.etag or ""))
    return files


def _http_failure(status: int, name: str) -> _SourceFailed:
    codes = {401: "source_needs_login", 403: "source_refused", 404: "source_not_found", 429: "source_busy"}
    return _SourceFailed(codes.get(status, "source_server_error"), status=status, file=name)


def _partial(part: Path, file: _RemoteFile) -> Path:
    """Where the bytes of `file` gather; its checksum in the name lets only the same content be resumed."""
    key = file.checksum[:16] or hashlib.sha256(file.url.encode()).hexdigest()[:16]
    return part / f"{file.name}.{key}.incomplete"


def _whole(part: Path, file: _RemoteFile) -> Path:
    """Where a finished and checked file waits for the others."""
    return _partial(part, file).with_suffix(".complete")


def _present(part: Path, file: _RemoteFile) -> int:
    """Bytes of `file` that are here already."""
    for path in (_whole(part, file), _partial(part, file)):
        if path.is_file():
            return min(path.stat().st_size, file.size)
    return 0


def _check_space(files: Sequence[_RemoteFile], part: Path, label: str) -> None:
    needed = sum(file.size - _present(part, file) for file in files)
    free = shutil.disk_usage(part).free
    if needed + SPARE_BYTES > free:
        raise DiskFull(
            "disk_too_small", label=label, needed=(needed + SPARE_BYTES) / 1e9, folder=str(part.parent), free=free / 1e9
        )


def _fetch_all(files: Sequence[_RemoteFile], part: Path, timeout: float) -> Iterator[Download]:
    total = sum(file.size for file in files)
    before = 0
    for file in files:
        yield Download(before + _present(part, file), total, file.name)
        for here in _fetch(file, part, timeout):
            yield Download(before + here, total, file.name)
        before += file.size


def _fetch(file: _RemoteFile, part: Path, timeout: float) -> Iterator[int]:
    """Bring `file` to its `_whole` place, resuming what is there; yields the bytes that are here."""
    partial, whole = _partial(part, file), _whole(part, file)
    if whole.is_file():
        return
    partial.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    while (here := partial.stat().st_size if partial.is_file() else 0) < file.size or not partial.is_file():
        try:
            yield from _receive(file, partial, here, timeout)
        except _SourceFailed:
            now = partial.stat().st_size if partial.is_file() else 0
            failures = 0 if now > here else failures + 1
            if failures >= TRIES_WITHOUT_PROGRESS:
                raise
    if partial.stat().st_size != file.size or not _checksum_fits(partial, file.checksum):
        partial.unlink()
        raise _SourceFailed("source_damaged", file=file.name)
    os.replace(partial, whole)


def _receive(file: _RemoteFile, partial: Path, start: int, timeout: float) -> Iterator[int]:
    """Append to `partial` what the server sends from byte `start` on."""
    import httpx2
    from huggingface_hub import get_session

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with get_session().stream("GET", file.url, headers=headers, timeout=timeout, follow_redirects=True) as response:
            if response.status_code >= 400:
                raise _http_failure(response.status_code, file.name)
            resumed = response.status_code == 206
            here = reported = start if resumed else 0
            with partial.open("ab" if resumed else "wb") as out:
                for block in response.iter_bytes():  # as they come: a chunk size would lose what a broken connection left
                    out.write(block)
                    here += len(block)
                    if here - reported >= REPORT_EVERY or here == file.size:
                        reported = here
                        yield here
    except httpx2.TimeoutException as error:
        raise _SourceFailed("source_no_data", seconds=timeout, file=file.name) from error
    except httpx2.HTTPError as error:
        raise _SourceFailed("source_broken_off", file=file.name, reason=str(error)) from error
    if here < file.size:
        raise _SourceFailed("source_cut_short", file=file.name, received=here, size=file.size)


def _checksum_fits(path: Path, checksum: str) -> bool:
    """Whether the content of `path` is what the hub announced: sha256 for large files, git's blob id for small ones."""
    if len(checksum) == 64:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == checksum
    if len(checksum) == 40:
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == checksum
    return True


def _finish(files: Sequence[_RemoteFile], part: Path, folder: Path) -> None:
    """Give the files their names and the folder its own, at once."""
    for file in files:
        os.replace(_whole(part, file), part / file.name)
    for leftover in (*part.rglob("*.incomplete"), *part.rglob("*.complete")):
        leftover.unlink()
    os.replace(part, folder)
