"""What a return must know that no case says: the authority's codes, what ours become in them, and who reports.

Each regime has a file ``data/<regime>.toml``. A firm's own file is laid over it: a list, a map or the elements that
it names replace ours whole, what it does not name stays. Nothing in them is law: each carries how sure its source is.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from complaints.errors.settings import SettingError
from complaints.regimes.facts import Part
from complaints.regimes.model import Name
from complaints.words import Title

ANY: Final = "*"
"""The key of a map that stands for everything else: a firm with one product says it once."""

_LAID_OVER: Final = ("lists", "maps", "context")


class Sourced(Part):
    """Where something was read.

    Attributes:
        confidence: H primary text or two sources, M one secondary source, L weak, or our own judgement.
        source: What was read, or what is doubtful.
    """

    confidence: Literal["H", "M", "L"]
    source: Title | None = None

    @property
    def to_verify(self) -> bool:
        """Whether it must be shown as not yet verified."""
        return self.confidence != "H"


class Code(Part):
    """A code of the authority's, and what it means."""

    code: str = Field(min_length=1)
    title: Title


class CodeList(Sourced):
    """Codes of the authority's, in its order.

    Attributes:
        complete: No other code is allowed; where it could not be read, any is taken, and that is said.
    """

    title: Title
    complete: bool = True
    codes: tuple[Code, ...] = ()

    def title_of(self, code: str) -> Title:
        """Return what a code means; one that the list does not have stands for itself."""
        return next((one.title for one in self.codes if one.code == code), Title(zh=code, en=code))


class CodeMap(Sourced):
    """What our words become in the authority's codes.

    Attributes:
        by: Columns of the cases, the coarser first: a key is their values joined by " / ", or those of the first ones
            only, or :data:`ANY`. The most particular key wins. Letter case does not count.
        to: The list whose codes they are.
        codes: Key to code; several codes where a complaint may have several.
    """

    title: Title
    by: tuple[str, ...] = Field(min_length=1)
    to: str
    codes: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _folds_its_keys(self) -> "CodeMap":
        folded = {key.casefold(): code for key, code in self.codes.items()}
        if len(folded) != len(self.codes):
            raise ValueError("a key is there twice; keep one")
        object.__setattr__(self, "codes", folded)
        return self

    def heads(self) -> set[str]:
        """Return its codes, of those with a dot what stands before it."""
        several = ((one,) if isinstance(one, str) else one for one in self.codes.values())
        return {code.partition(".")[0] for codes in several for code in codes}

    def look_up(self, values: tuple[str | None, ...]) -> tuple[str, ...]:
        """Return the codes for a case's values of ``by``; empty where the map has none."""
        known = [value.casefold() for value in values if value]
        keys = [" / ".join(known[:length]) for length in range(len(known), 0, -1)] if values and values[0] else []
        found = next((self.codes[key] for key in (*keys, ANY) if key in self.codes), ())
        return (found,) if isinstance(found, str) else tuple(found)


class Element(Sourced):
    """A column of a return with one row a complaint.

    Attributes:
        header: What the file calls it.
        need: Mandatory, conditional or optional.
        type: What its values are.
        list: The list that its codes are of.
        needed_when: For conditional ones: another element, and the values with which this one is needed.
        unique: No two rows have the same.
    """

    name: Name
    header: str
    title: Title
    need: Literal["M", "C", "O"]
    type: Literal["text", "code", "date", "integer", "amount"] = "text"
    list: str | None = None
    needed_when: tuple[str, tuple[str, ...]] | None = None
    unique: bool = False


class Size(Part):
    """How large a firm's business is, in one group of products: its records of complaints do not hold it.

    Attributes:
        provision: Accounts, policies and the like at the end of the period.
        intermediation: Sold within the period.
    """

    provision: int | None = Field(default=None, ge=1)
    intermediation: int | None = Field(default=None, ge=1)


class Reporter(Part):
    """Who reports.

    Attributes:
        name: Of the legal entity, as the authority knows it; empty: the firm's name.
        number: By which the authority knows it.
        number_title: What the authority calls that number; None: it asks for none.
        brand: The brand, subsidiary or fund that the complaints are about, where there are several.
        members: The numbers of the other firms of a group that reports together.
        branch: The branch that reports to a local authority …
        regions: … and the regions it answers for (ISO 3166-2); empty: all.
    """

    name: str = ""
    number: str = ""
    number_title: Title | None = None
    brand: str = ""
    members: tuple[str, ...] = ()
    branch: str = ""
    regions: tuple[str, ...] = ()


class ReturnData(Part):
    """What the returns of a regime must know beside the cases.

    Attributes:
        context: By period ("2026-H1") and group of products.
    """

    entity: Reporter = Reporter()
    lists: dict[str, CodeList] = Field(default_factory=dict)
    maps: dict[str, CodeMap] = Field(default_factory=dict)
    elements: tuple[Element, ...] = ()
    context: dict[str, dict[str, Size]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hangs_together(self) -> "ReturnData":
        for name, one in self.maps.items():
            if one.to not in self.lists:
                raise ValueError(f"map {name} leads to a list '{one.to}' that is not there")
            strange = one.heads() - {code.code for code in self.lists[one.to].codes}
            if self.lists[one.to].complete and strange:
                raise ValueError(
                    f"map {name} leads to {', '.join(sorted(strange))}, which list '{one.to}' does not have"
                )
        for element in self.elements:
            if element.list and element.list not in self.lists:
                raise ValueError(f"element {element.name} has a list '{element.list}' that is not there")
        return self


def read_data(regime: str, own: str | None = None) -> ReturnData:
    """Return the data of a regime's returns, with a firm's own laid over it.

    Args:
        regime: Such as "uk-disp".
        own: The firm's file, as text.

    Raises:
        SettingError: the firm's file is not in order; the first thing that is wrong is named.
    """
    content = dict(_packaged(regime))
    file = f"returns/{regime}.toml"
    try:
        laid_over = tomllib.loads(own) if own else {}
        for name, part in laid_over.items():
            both = name in _LAID_OVER or name == "entity"
            content[name] = {**content.get(name, {}), **part} if both else part
        return ReturnData.model_validate(content)
    except tomllib.TOMLDecodeError as wrong:
        raise SettingError(file, f"is no TOML: {wrong}", "Correct it; docs/returns.md has examples") from None
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingError(file, f"{where}: {first['msg']}", "Correct it; docs/returns.md has examples") from None
    except TypeError:
        raise SettingError(file, "a section is not a table", "Write it as [lists.…]; see docs/returns.md") from None


@cache
def _packaged(regime: str) -> Mapping[str, Any]:
    file = files("complaints.reporting.returns") / "data" / f"{regime}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
