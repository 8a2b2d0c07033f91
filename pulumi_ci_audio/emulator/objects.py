"""Buckets as folders and objects as files: ``<data>/<region>/<bucket>/<key>``.

A file that somebody drops into a folder is an object too. Nothing outside of a bucket's folder is read or written,
whatever the key; keys that are no plain path of a file are refused. Internal files live in ``<data>/.emulator``, a
name that no region has.
"""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.hosts import BUCKET, REGION

MAX_KEY_BYTES = 850  # "Object overview" (436/13324)
_MAX_SEGMENT_BYTES = 255  # of file systems
_COPY_BYTES = 1024**2


@dataclass(frozen=True)
class StoredObject:
    """An object and where its content is."""

    key: str
    path: Path
    size: int
    modified: float
    etag: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """A body taken in, not yet an object."""

    path: Path
    size: int
    md5: bytes


class ObjectFiles:
    """The files below the data folder. Its owner serialises the calls that change something."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._internal = self._root / ".emulator"
        self._etags: dict[Path, tuple[tuple[int, int, int], str]] = {}
        self._headers: dict[Path, tuple[tuple[int, int, int], Mapping[str, str]]] = {}
        root.mkdir(parents=True, exist_ok=True)
        self.forget()

    def forget(self) -> None:
        """Drop everything but the objects' contents."""
        self._headers.clear()
        shutil.rmtree(self._internal, ignore_errors=True)

    def buckets(self) -> Iterator[tuple[str, str]]:
        """Yield region and name of every bucket, in order."""
        for region in _folders(self._root):
            if REGION.fullmatch(region.name):
                for bucket in _folders(region):
                    if BUCKET.fullmatch(bucket.name):
                        yield region.name, bucket.name

    def has_bucket(self, region: str, bucket: str) -> bool:
        """Return whether the bucket exists."""
        return self._folder(region, bucket).is_dir()

    def create_bucket(self, region: str, bucket: str) -> None:
        """Make the bucket's folder, unless it is there.

        Raises:
            ServiceError: the names are not those of a region and a bucket.
        """
        if not (REGION.fullmatch(region) and BUCKET.fullmatch(bucket)):
            raise ServiceError("InvalidArgument", "a region is like ap-chongqing, a bucket like test-1250000000")
        self._folder(region, bucket).mkdir(parents=True, exist_ok=True)

    def delete_bucket(self, region: str, bucket: str) -> None:
        """Remove the bucket's folder.

        Raises:
            ServiceError: it holds files.
        """
        folder = self._folder(region, bucket)
        if any(files for _, _, files in os.walk(folder)):
            raise ServiceError("BucketNotEmpty", "the bucket is not empty")
        shutil.rmtree(folder)

    def check_key(self, key: str) -> None:
        """Let a key pass that is the plain path of a file.

        Raises:
            ServiceError: it is not.
        """
        segments = key.split("/")
        if "\0" in key or any(segment in {"", ".", ".."} for segment in segments):
            raise ServiceError("InvalidUrl", "an object's key has no empty, . or .. segments here")
        if len(key.encode()) > MAX_KEY_BYTES or any(len(s.encode()) > _MAX_SEGMENT_BYTES for s in segments):
            raise ServiceError("KeyTooLong", "the key or one of its segments is too long")

    def find(self, region: str, bucket: str, key: str) -> StoredObject | None:
        """Return the object, or None.

        Raises:
            ServiceError: the key is not valid.
        """
        path = self._path(region, bucket, key)
        if path.is_dir() or not self._is_inside(region, bucket, key):
            return None
        try:
            state = path.stat()
            etag = self._etag(path, state)
        except OSError:  # not there, not readable, or removed by hand just now
            return None
        headers = self._known_headers(path, state)
        return StoredObject(key, path, state.st_size, state.st_mtime, etag, headers)

    def keys(self, region: str, bucket: str) -> list[str]:
        """Return the keys of every object, in the order of their UTF-8 bytes."""
        folder = self._folder(region, bucket)
        found = []
        for parent, _, names in os.walk(folder):
            for name in names:
                path = Path(parent, name)
                if not path.is_symlink() and path.is_file():
                    found.append(path.relative_to(folder).as_posix())
        return sorted((key for key in found if _is_text(key)), key=str.encode)

    def place(
        self,
        source: Path,
        region: str,
        bucket: str,
        key: str,
        *,
        modified: float,
        headers: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Make the internal file ``source`` an object's content, at once and whole.

        Raises:
            ServiceError: the bucket does not exist, the key is not valid, or is the folder of other objects.
        """
        path = self._path(region, bucket, key)
        if not self.has_bucket(region, bucket):
            raise ServiceError("NoSuchBucket", "the bucket does not exist")
        if not self._is_inside(region, bucket, key):
            raise ServiceError("PathConflict", "the key leads through a symbolic link")
        if path.is_dir():
            with contextlib.suppress(OSError):  # not empty
                path.rmdir()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.utime(source, (modified, modified))
            source.replace(path)
        except OSError as error:
            raise ServiceError("PathConflict", "the key is the folder of another, or below another") from error
        if headers:
            self._headers[path] = (_identity(path.stat()), dict(headers))
        found = self.find(region, bucket, key)
        assert found is not None
        return found

    def delete(self, region: str, bucket: str, key: str) -> None:
        """Delete the object if it is there, and folders that hold nothing any more: they are no objects.

        Raises:
            ServiceError: the key is not valid.
        """
        found = self.find(region, bucket, key)
        if found is None:
            return
        found.path.unlink()
        self._headers.pop(found.path, None)
        self._etags.pop(found.path, None)
        folder = self._folder(region, bucket)
        for parent in found.path.parents:
            if parent == folder:
                break
            try:
                parent.rmdir()
            except OSError:  # not empty
                break

    def new_file(self, suffix: str = "") -> Path:
        """Return the path of an internal file yet to be written."""
        self._internal.mkdir(parents=True, exist_ok=True)
        return self._internal / f"{uuid.uuid4().hex}{suffix}"

    def receive(self, stream: IO[bytes]) -> Received:
        """Write a request's body to an internal file."""
        path, digest, size = self.new_file(), hashlib.md5(usedforsecurity=False), 0
        with path.open("wb") as file:
            while piece := stream.read(_COPY_BYTES):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        return Received(path, size, digest.digest())

    def join(self, parts: list[Path]) -> Path:
        """Write the contents of internal files into a new one, in their order."""
        path = self.new_file()
        with path.open("wb") as file:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file, _COPY_BYTES)
        return path

    def _folder(self, region: str, bucket: str) -> Path:
        return self._root / region / bucket

    def _path(self, region: str, bucket: str, key: str) -> Path:
        self.check_key(key)
        return self._folder(region, bucket) / key

    def _is_inside(self, region: str, bucket: str, key: str) -> bool:
        """Return whether the key leads through no symbolic link."""
        return self._path(region, bucket, key).resolve() == self._folder(region, bucket).resolve() / key

    def _etag(self, path: Path, state: os.stat_result) -> str:
        known = self._etags.get(path)
        if known is None or known[0] != _identity(state):
            digest = hashlib.md5(usedforsecurity=False)
            with path.open("rb") as file:
                while piece := file.read(_COPY_BYTES):
                    digest.update(piece)
            known = self._etags[path] = (_identity(state), f'"{digest.hexdigest()}"')
        return known[1]

    def _known_headers(self, path: Path, state: os.stat_result) -> Mapping[str, str]:
        known = self._headers.get(path)
        if known is not None and known[0] == _identity(state):
            return known[1]
        return {"Content-Type": mimetypes.guess_type(path.name)[0] or "application/octet-stream"}


def _identity(state: os.stat_result) -> tuple[int, int, int]:
    """Return what changes when a file gets another content."""
    return state.st_mtime_ns, state.st_size, state.st_ino


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(child for child in parent.iterdir() if child.is_dir())
    except OSError:  # removed by hand
        return []


def _is_text(name: str) -> bool:
    """Return whether a file's name is UTF-8: others cannot be keys."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
