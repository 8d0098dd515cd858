"""Reading many rows from PostgreSQL: as the CSV that it writes by itself, in half the time that single rows take."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, Select

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK: Final = 16 * 1024**2  # bytes that are read together
_TRUE, _FALSE = "t", "f"


class _Pieces(io.RawIOBase):
    """A stream over the pieces in which something comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer as far as pieces come."""
        room = memoryview(buffer).cast("B")
        taken, size = [self._rest], len(self._rest)
        while size < len(room) and (piece := next(self._pieces, None)) is not None:
            taken.append(piece)
            size += len(piece)
        content = b"".join(taken)
        filled = min(len(room), len(content))
        room[:filled], self._rest = content[:filled], content[filled:]
        return filled


def copied(connection: Connection, query: Select[Any], types: Mapping[str, pa.DataType]) -> Iterator[Sequence[Any]]:
    """Yield the columns of a query's result, some ten thousand rows at a time, in its order.

    Args:
        connection: To PostgreSQL; the query sees what the transaction sees.
        query: What to read.
        types: The columns' names and types, in the order of the query; texts may be dictionaries.
    """
    options = {"literal_binds": True}  # COPY takes no parameters
    statement = f"COPY ({query.compile(dialect=connection.dialect, compile_kwargs=options)}) TO STDOUT (FORMAT csv)"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as pieces:
        stream = io.BufferedReader(_Pieces(map(bytes, pieces)), 1024**2)
        if not stream.peek(1):
            return  # no row at all
        yield from (
            batch.columns
            for batch in csv.open_csv(
                stream,
                read_options=csv.ReadOptions(column_names=list(types), block_size=_BLOCK),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=dict(types),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,  # what is quoted is an empty text, not nothing
                    true_values=[_TRUE],
                    false_values=[_FALSE],
                ),
            )
        )
