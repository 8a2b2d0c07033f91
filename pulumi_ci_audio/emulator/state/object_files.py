"""Buckets as folders and objects as files: ``<data>/<region>/<bucket>/<key>``.

A file that somebody drops into a folder is an object too. Nothing outside of a bucket's folder is read or written,
whatever the key; keys that are no plain path of a file are refused (``keys.py``). Internal files live in
``<data>/.emulator``, a name that no region has.

What a file cannot hold, the headers of an object and the ETag of a multipart upload, is remembered as long as the file
is the same.
"""

from __future__ import annotations

import contextlib
import mimetypes
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.hosts import BUCKET, REGION
from pulumi_ci_audio.emulator.state.digests import Digester, Digests, digest_file
from pulumi_ci_audio.emulator.state.keys import check_key, key_of, path_of

_COPY_BYTES = 1024**2


@dataclass(frozen=True)
class StoredObject:
    """An object and where its content is."""

    key: str
    path: Path
    size: int
    modified: float
    etag: str
    crc64: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """Content taken in, not yet an object."""

    path: Path
    size: int
    digests: Digests

    @property
    def etag(self) -> str:
        """The ETag that the content has as an object or as a part."""
        return f'"{self.digests.md5.hex()}"'


@dataclass(frozen=True)
class Remembered:
    """What a file cannot hold of an object, for as long as the file is the same."""

    identity: tuple[int, int, int]
    headers: Mapping[str, str]
    etag: str | None


class ObjectFiles:
    """The files below the data folder. Its owner serialises the calls that change something."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._internal = self._root / ".emulator"
        self._digests: dict[Path, tuple[tuple[int, int, int], Digests]] = {}
        self._remembered: dict[Path, Remembered] = {}
        root.mkdir(parents=True, exist_ok=True)
        self.forget()

    def forget(self) -> None:
        """Drop everything but the objects' contents."""
        self._remembered.clear()
        shutil.rmtree(self._internal, ignore_errors=True)

    def remembered(self) -> dict[str, Remembered]:
        """Return what is remembered of objects, by their paths in the data folder."""
        return {path.relative_to(self._root).as_posix(): kept for path, kept in self._remembered.items()}

    def remember(self, remembered: Mapping[str, Remembered]) -> None:
        """Remember what :meth:`remembered` returned before a restart; what is of another file does not count."""
        self._remembered.update({self._root / path: kept for path, kept in remembered.items()})

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
            raise ServiceError("InvalidArgument", "a region must be like ap-chongqing, a bucket like test-1250000000")
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

    def find(self, region: str, bucket: str, key: str) -> StoredObject | None:
        """Return the object, or None.

        Raises:
            ServiceError: the key is not valid.
        """
        path = self._path(region, bucket, key)
        if not self._is_inside(region, bucket, key):
            return None
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):  # a folder, or a pipe, which would be waited for for ever
                return None
            digests = self._digests_of(path, state)
        except OSError:  # not there, not readable, or removed by hand just now
            return None
        kept = self._remembered.get(path)
        if kept is None or kept.identity != _identity(state):
            type_ = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            kept = Remembered(_identity(state), {"Content-Type": type_}, None)
        etag = kept.etag or f'"{digests.md5.hex()}"'
        return StoredObject(key, path, state.st_size, state.st_mtime, etag, digests.crc64, kept.headers)

    def keys(self, region: str, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys of the objects that begin with ``prefix``, in the order of their UTF-8 bytes."""
        keys = map(key_of, _files(self._folder(region, bucket), "", prefix))
        return sorted((key for key in keys if key is not None and key.startswith(prefix)), key=str.encode)

    def put(
        self,
        source: Path,
        region: str,
        bucket: str,
        key: str,
        *,
        modified: float,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
    ) -> StoredObject:
        """Make the internal file ``source`` an object's content, at once and whole.

        Args:
            source: the file, which is moved.
            region: the bucket's region.
            bucket: its name.
            key: the object's key.
            modified: when the object was last modified.
            headers: what is given back with the object; its type alone, by its name, where there are none.
            etag: the object's ETag if it is not the MD5 of the content.

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
        if headers is not None:
            self._remembered[path] = Remembered(_identity(path.stat()), dict(headers), etag)
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
        self._remembered.pop(found.path, None)
        self._digests.pop(found.path, None)
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

    def receive(self, pieces: Iterable[bytes]) -> Received:
        """Write content that comes in pieces to an internal file."""
        path, digester, size = self.new_file(), Digester(), 0
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
                digester.add(piece)
                size += len(piece)
        return Received(path, size, digester.digests())

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
        check_key(key)
        return self._folder(region, bucket) / path_of(key)

    def _is_inside(self, region: str, bucket: str, key: str) -> bool:
        """Return whether the key leads through no symbolic link."""
        path = str(self._folder(region, bucket))
        for part in path_of(key).parts:
            path = f"{path}/{part}"
            # Resolving whole paths is too slow for lists of thousands of objects.
            if os.path.islink(path):  # noqa: PTH114  see above
                return False
        return True

    def _digests_of(self, path: Path, state: os.stat_result) -> Digests:
        known = self._digests.get(path)
        if known is None or known[0] != _identity(state):
            known = self._digests[path] = (_identity(state), digest_file(path))
        return known[1]


def _identity(state: os.stat_result) -> tuple[int, int, int]:
    """Return what changes when a file gets another content."""
    return state.st_mtime_ns, state.st_size, state.st_ino


def _files(folder: Path, path: str, prefix: str) -> Iterator[str]:
    """Yield the paths of the files below ``folder``, each behind ``path``; folders that cannot match are left out."""
    try:
        entries = list(os.scandir(folder))
    except OSError:  # removed by hand
        return
    for entry in entries:
        here = path + entry.name
        if entry.is_file(follow_symlinks=False):
            yield here
        elif entry.is_dir(follow_symlinks=False) and (f"{here}/".startswith(prefix) or prefix.startswith(f"{here}/")):
            yield from _files(folder / entry.name, f"{here}/", prefix)


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(child for child in parent.iterdir() if child.is_dir())
    except OSError:  # removed by hand
        return []
