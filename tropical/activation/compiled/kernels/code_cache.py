"""Compiled code on disk, for the functions of this package alone.

numba's own cache lies beside the sources, which may be read-only; it notices a change of the file of a function, but
not of the files that the function calls or inlines, nor of numba's settings; and it raises where it is damaged or the
disk is full. This one keeps numba's files in the folder of ``cache_folder.py``, whose name changes
with all of these, takes from them only what is whole and belongs to the types asked for, and otherwise lets numba
compile. Processes that write at once replace whole files, as in numba.
"""

import contextlib
import hashlib
import os
import pickle
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile, NullCache
from numba.core.compiler import CompileResult

from tropical.activation.compiled.kernels.cache_folder import fingerprint, say_once

# What reading a damaged pickle raises, and what numba does whose insides are not those of the versions known.
_FAILURES = (
    *(ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError, OSError, pickle.PickleError),
    *(TypeError, ValueError),
)
_DIGEST_SIZE = hashlib.sha256().digest_size


class CodeCache(NullCache):
    """What numba asks for the code of one function: by the types of the arguments, returning None where it has none."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._folder = folder
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}-{sys.implementation.cache_tag}"
        self._files = _Files(str(folder), name, folder.name)

    @property
    def cache_path(self) -> str:
        """The folder of the files."""
        return str(self._folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for these types from disk."""
        target_context.refresh()
        with _reported(self._folder, "read"):
            data = self._files.load(_key(sig, target_context.codegen()))
            return None if data is None else CompileResult._rebuild(target_context, *data)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code, unless it holds addresses, or a source has changed since it was imported."""
        with _reported(self._folder, "written"):
            if self._folder.name.endswith(fingerprint()) and not data.library.has_dynamic_globals:
                self._files.save(_key(sig, data.codegen), data._reduce())

    def flush(self) -> None:
        """Forget the code of this function."""
        with _reported(self._folder, "written"):
            self._files.flush()


class _Files(IndexDataCacheFile):
    """numba's files of one function: an index of entries, each of which holds its digest, its key and the code.

    Two processes may have given the same name to entries of different keys: the key within the entry tells.
    """

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        found, data = super().load(key) or (None, None)
        return data if found == key else None

    @contextlib.contextmanager
    def _open_for_write(self, path: str) -> Iterator[Any]:
        """A file that replaces the old one when it is whole; neither an error nor Ctrl-C leaves a part of it."""
        temporary = f"{path}.tmp.{secrets.token_hex(8)}"
        try:
            with open(temporary, "wb") as file:
                yield file
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):  # it has its place
                os.unlink(temporary)

    def _load_index(self) -> dict[Any, str]:
        with _reported(Path(self._cache_path), "read"):
            return super()._load_index()
        return {}  # and the index is written anew

    def _save_data(self, name: str, data: Any) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _load_data(self, name: str) -> Any:
        content = Path(self._data_path(name)).read_bytes()
        if hashlib.sha256(content[_DIGEST_SIZE:]).digest() != content[:_DIGEST_SIZE]:
            raise ValueError("damaged")
        return pickle.loads(content[_DIGEST_SIZE:])


@contextlib.contextmanager
def _reported(folder: Path, done: str) -> Iterator[None]:
    """A failure of the cache is one line on standard error and nothing else."""
    try:
        yield
    except _FAILURES as error:
        reason = error.strerror if isinstance(error, OSError) else f"damaged ({type(error).__name__})"
        say_once(f"the compiled code in {folder} cannot be {done}: {reason}; compiling")


def _key(sig: Any, codegen: Any) -> Any:
    """The types of the arguments, the fields of those that are named tuples, in their order, and the processor."""
    return sig, tuple(getattr(each, "fields", None) for each in getattr(sig, "args", sig)), codegen.magic_tuple()
