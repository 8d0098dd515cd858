"""PostgreSQL's own tools for a dump and for putting it back, as processes that read and write streams."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Final

from sqlalchemy.engine import URL

from complaints.errors.backups import BackupRefused

_PIECE: Final = 1024 * 1024  # bytes
VERSION_TABLE: Final = "alembic_version"
"""Its row is not dumped: until a restore has ended, the tables are no case database that anything works with."""


def pg_dump(url: URL, schema: str, snapshot: str, server: int) -> Iterator[bytes]:
    """Yield a dump of one schema, as an exported snapshot shows it.

    Args:
        url: The database.
        schema: Its tables.
        snapshot: As ``pg_export_snapshot()`` told; the transaction that exported it must last.
        server: The server's major version.

    Raises:
        BackupRefused: pg_dump is not there, too old, or failed.
    """
    options = [f"--schema={schema}", f"--snapshot={snapshot}", f"--exclude-table-data={schema}.{VERSION_TABLE}"]
    command = [_tool("pg_dump", server), "--format=custom", "--no-owner", "--no-privileges", "--no-password", *options]
    with tempfile.TemporaryFile() as errors:
        dump = subprocess.Popen(
            [*command, f"--dbname={_address(url)}"], stdout=subprocess.PIPE, stderr=errors, env=_environment(url)
        )
        assert dump.stdout is not None
        try:
            while piece := dump.stdout.read(_PIECE):
                yield piece
            code = dump.wait()
        finally:
            _end(dump)
        if code:
            raise BackupRefused("pg_dump", _first_line(errors), "See the PostgreSQL server's log")


def pg_restore(url: URL, schema: str, dump: Iterable[bytes], least: int) -> None:
    """Fill an empty schema with what :func:`pg_dump` dumped, wholly or not at all.

    Args:
        url: The database.
        schema: As it was called when it was dumped.
        dump: What was dumped.
        least: Major version of the server that it was dumped from.

    Raises:
        BackupRefused: pg_restore is not there, too old, or failed.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
    command = [_tool("pg_restore", least), *options, f"--schema={schema}", f"--dbname={_address(url)}"]
    with tempfile.TemporaryFile() as errors:
        restore = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, env=_environment(url))
        assert restore.stdin is not None
        try:
            for piece in dump:
                restore.stdin.write(piece)
            restore.stdin.close()
        except BrokenPipeError:
            pass  # it says why itself
        except BaseException:
            restore.kill()  # what has come so far must not be taken for the whole
            raise
        finally:
            code = restore.wait()
        if code:
            raise BackupRefused(
                "pg_restore", _first_line(errors), "Nothing was restored; see the PostgreSQL server's log"
            )


def _tool(name: str, least: int) -> str:
    """Return where a tool is.

    Raises:
        BackupRefused: it is not there, or older than the server.
    """
    cure = f"Install PostgreSQL's client programs of version {least} or newer (Debian: postgresql-client-{least})"
    if (path := shutil.which(name)) is None:
        raise BackupRefused(name, "is not installed", cure)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", said)
    if found is None or int(found[1]) < least:
        raise BackupRefused(name, f"is older than the server ({said.strip()})", cure)
    return path


def _address(url: URL) -> str:
    """Return the address without the password, which a list of processes would show."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _environment(url: URL) -> dict[str, str]:
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    return os.environ | password


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _first_line(errors: IO[bytes]) -> str:
    """Return the first line of what a tool said; the others can repeat rows."""
    errors.seek(0)
    said = errors.read(500).decode(errors="replace")
    return said.partition("\n")[0] or "ended without saying why"
