"""The moves of a case: from which stages an act may be recorded, and where it leads."""

from typing import Final

from complaints import acts
from complaints.acts import Act
from complaints.words import Closure, Stage

OPEN: Final = frozenset(stage for stage in Stage if stage.is_open)

MOVES: Final[dict[type[Act], tuple[frozenset[Stage], Stage]]] = {
    acts.Acknowledged: (frozenset({Stage.RECEIVED}), Stage.ACKNOWLEDGED),
    acts.Assessed: (frozenset({Stage.ACKNOWLEDGED}), Stage.ASSESSED),
    acts.Replied: (frozenset({Stage.ASSESSED}), Stage.ASSESSED),
    acts.InvestigationOpened: (frozenset({Stage.ASSESSED}), Stage.UNDER_INVESTIGATION),
    acts.MaterialsRequested: (frozenset({Stage.UNDER_INVESTIGATION}), Stage.UNDER_INVESTIGATION),
    acts.Found: (frozenset({Stage.UNDER_INVESTIGATION}), Stage.INVESTIGATED),
    acts.ReportExamined: (frozenset({Stage.UNDER_INVESTIGATION}), Stage.INVESTIGATED),
    acts.Decided: (frozenset({Stage.INVESTIGATED}), Stage.DECIDED),
    acts.Answered: (frozenset({Stage.ASSESSED, Stage.INVESTIGATED, Stage.DECIDED}), Stage.ANSWERED),
    acts.PutRight: (frozenset({Stage.ANSWERED}), Stage.PUT_RIGHT),
    acts.FollowUpOpened: (frozenset({Stage.PUT_RIGHT}), Stage.PUT_RIGHT),
    acts.FollowedUp: (frozenset({Stage.PUT_RIGHT}), Stage.FOLLOWED_UP),
    acts.HandlingEnded: (OPEN - {Stage.ENDED}, Stage.ENDED),
    acts.Closed: (OPEN, Stage.CLOSED),
    acts.Reopened: (frozenset({Stage.CLOSED}), Stage.UNDER_INVESTIGATION),
    acts.Archived: (frozenset({Stage.CLOSED}), Stage.ARCHIVED),
    acts.Unarchived: (frozenset({Stage.ARCHIVED}), Stage.CLOSED),
}
"""From which stages an act may be recorded, and where it leads. Acts not named here change no stage."""

CLOSED_FROM: Final[dict[Closure, frozenset[Stage]]] = {
    Closure.COMPLETED: frozenset({Stage.ANSWERED, Stage.FOLLOWED_UP}),
    Closure.ANSWERED_AT_ONCE: frozenset({Stage.ANSWERED}),
    Closure.RECORDED: frozenset({Stage.ANSWERED}),
    Closure.DECLINED: frozenset({Stage.ANSWERED}),
    Closure.WITHDRAWN: OPEN,
    Closure.MERGED: OPEN,
    Closure.HISTORY: frozenset({Stage.RECEIVED}),
}
