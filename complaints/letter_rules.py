"""Which regimes a letter must satisfy, and what each of them asks of it."""

from collections.abc import Collection, Iterable, Iterator

from complaints.acts import ClockPaused, ExtensionGranted
from complaints.case import Case
from complaints.errors.letters import LetterIncomplete
from complaints.regimes.model import Pack
from complaints.timekeeping import applies, rule_of


def concerned(case: Case, letter: str, round: int) -> tuple[Pack, ...]:
    """Return the regimes whose rules a letter must follow.

    A notice follows the regime of its clock alone: what another regime asks of a notice is about its own limits, and
    would be untrue here. Every other letter follows all regimes of the case.

    Raises:
        LetterIncomplete: it is a notice, and no clock has anything that it could tell of.
    """
    if told := announced(case, letter, round):
        return (rule_of(case, told[0])[1],)
    rules = [rule for pack in case.all_packs for rule in pack.clocks]
    extensions = {one.letter for rule in rules for one in rule.extensions}
    if letter in extensions | {one.letter for rule in rules for one in rule.pauses}:
        raise LetterIncomplete(letter, ("notice",), "no clock of the case has a pause or extension to tell of")
    return case.packs


def announced(case: Case, letter: str, round: int) -> tuple[str, ExtensionGranted | ClockPaused] | None:
    """Return the clock that a notice is about, with its extension or pause; None where the letter is no notice."""
    for key, clock in case.clocks.items():
        told: tuple[ExtensionGranted | ClockPaused, ...] = (*clock.granted, *clock.extensions, *clock.pauses)
        for one in told:
            if (one.letter, one.round) == (letter, round):
                return key, one
    return None


def lineage(case: Case, pack: Pack) -> Iterator[str]:
    """Yield a regime's name, and the names of those that it is laid over."""
    seen: set[str] = set()
    over: Pack | None = pack
    while over and over.name not in seen:
        yield over.name
        seen.add(over.name)
        below = case.rules.packs.get(over.extends or "", ())
        over = below[-1] if below else None


def refuse_incomplete(case: Case, letter: str, packs: Iterable[Pack], present: Collection[str]) -> None:
    """Refuse a letter that lacks what a regime requires.

    Args:
        case: The case.
        letter: The letter.
        packs: The regimes that it must follow.
        present: The elements that it contains.

    Raises:
        LetterIncomplete: with every missing element, and every regime and article that asks for one.
    """
    missing: list[str] = []
    rules = []
    for pack in packs:
        rule = pack.letter(letter, lambda when: applies(case, when))
        if rule and (lacks := [element for element in rule.elements if element not in present]):
            missing += [element for element in lacks if element not in missing]
            rules.append(f"{pack.name} {rule.article.en}")
    if missing:
        raise LetterIncomplete(letter, tuple(missing), "; ".join(rules))
