"""What a spreadsheet may be: a file of any size is read without filling memory or disk, or it is refused."""

from typing import Final

ROWS: Final = 1_048_576
"""Rows of one file, as many as a worksheet has; the rest is not read."""
COLUMNS: Final = 1_000
CELL: Final = 131_072
"""Characters of one cell; a worksheet's holds 32,767, and a case's longest text 40,000."""
LINE: Final = 1_048_576
"""Characters of one line of CSV."""
HEADER_WITHIN: Final = 20
"""Rows in which the column names are looked for; a title may stand above them."""

PACKED: Final = 64 * 1024**2
"""Bytes of a workbook, as the file is."""
UNPACKED: Final = 512 * 1024**2
"""Bytes of a workbook's parts together."""
TEXT: Final = 4 * 1024**3
"""Bytes of a CSV once it is unpacked."""
RATIO: Final = 200
"""How many times its packed size something may be, from :data:`RATIO_FROM` bytes on; words shrink to a tenth."""
RATIO_FROM: Final = 16 * 1024**2
PARTS: Final = 2_000
"""Files within a workbook."""
ELEMENTS: Final = 20_000_000
"""XML elements of one part of a workbook."""
DEPTH: Final = 64
"""XML elements within each other."""
