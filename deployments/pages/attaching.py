"""Files that come with a form: looked at before anything is stored, so that a person can choose others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import UploadFile

from complaints.adapters.evidence import Examined
from complaints.evidence import safe_name
from complaints.intake import Evidence
from complaints.settings import settings
from deployments.door.limits import LARGEST_DELIVERY, MOST_FILES
from deployments.pages.fields import Wrong
from deployments.pages.words import Say
from tasks.contributions import Upload
from tasks.desk import evidence_store

SENDER: Final = "web-form"
"""Under which name the pages hand in what comes through them."""

_MB: Final = 1_000_000


@dataclass(frozen=True)
class Attachment:
    """A file that can be taken."""

    name: str | None
    examined: Examined

    @property
    def upload(self) -> Upload:
        """What is kept of it."""
        return Upload(self.name, self.examined, SENDER)

    @property
    def evidence(self) -> Evidence:
        """What the record says of it: other files are another complaint."""
        what = self.examined
        return Evidence(name=self.name or "-", media_type=what.media_type, size=what.size, sha256=what.sha256)


def limits() -> dict[str, Any]:
    """Return the limits as the pages tell them."""
    each = settings().evidence_limits.max_bytes_per_file
    return {"most": MOST_FILES, "each": max(1, each // _MB), "all": LARGEST_DELIVERY // _MB}


def examine(files: Sequence[UploadFile], language: str, say: Say) -> tuple[list[Attachment], list[Wrong]]:
    """Look at files; return those that can be taken, and why the others cannot.

    Args:
        files: As they came.
        language: Of the page.
        say: Gives its words.

    Raises:
        ScannerAway: the virus scanner that is set does not answer.
    """
    if len(files) > MOST_FILES:
        return [], [Wrong("files", say("too_many_files", most=MOST_FILES))]
    taken, wrong = [], []
    for one in files:
        name, examined = safe_name(one.filename), evidence_store().examine(one.file, one.content_type)
        if examined.refusal is None:
            taken.append(Attachment(name, examined))
        else:
            reason = examined.refusal.word(language)
            wrong.append(Wrong("files", say("file_refused", name=name or say("file_unnamed"), reason=reason)))
    return taken, wrong
