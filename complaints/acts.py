"""The acts of a case's life: what an entry in the ledger can say.

An act's ``personal`` fields are sealed with the case's own key and never appear in clear; the others are facts
that statistics and auditors may read. Old entries are read by new code for years: fields are only ever added,
with a default.

The acts stand in ``complaints/acts_by_subject``; whoever uses them finds all of them here.
"""

from complaints.acts_by_subject.base import Act as Act
from complaints.acts_by_subject.base import Recorded as Recorded
from complaints.acts_by_subject.clocks import BreachExplained as BreachExplained
from complaints.acts_by_subject.clocks import ClockEnded as ClockEnded
from complaints.acts_by_subject.clocks import ClockExtended as ClockExtended
from complaints.acts_by_subject.clocks import ClockMet as ClockMet
from complaints.acts_by_subject.clocks import ClockMissed as ClockMissed
from complaints.acts_by_subject.clocks import ClockPaused as ClockPaused
from complaints.acts_by_subject.clocks import ClockReached as ClockReached
from complaints.acts_by_subject.clocks import ClockRecomputed as ClockRecomputed
from complaints.acts_by_subject.clocks import ClockReminded as ClockReminded
from complaints.acts_by_subject.clocks import ClockRestarted as ClockRestarted
from complaints.acts_by_subject.clocks import ClockResumed as ClockResumed
from complaints.acts_by_subject.clocks import ClockStarted as ClockStarted
from complaints.acts_by_subject.clocks import ClockWarned as ClockWarned
from complaints.acts_by_subject.clocks import ExtensionGranted as ExtensionGranted
from complaints.acts_by_subject.clocks import MarkAt as MarkAt
from complaints.acts_by_subject.clocks import Schedule as Schedule
from complaints.acts_by_subject.contributions import ContactAdded as ContactAdded
from complaints.acts_by_subject.contributions import EvidenceAdded as EvidenceAdded
from complaints.acts_by_subject.contributions import EvidenceOpened as EvidenceOpened
from complaints.acts_by_subject.contributions import EvidenceRefused as EvidenceRefused
from complaints.acts_by_subject.contributions import MailTaken as MailTaken
from complaints.acts_by_subject.contributions import MaterialsReceived as MaterialsReceived
from complaints.acts_by_subject.ending import Closed as Closed
from complaints.acts_by_subject.ending import HandlingEnded as HandlingEnded
from complaints.acts_by_subject.ending import Reopened as Reopened
from complaints.acts_by_subject.ending import ReportWaived as ReportWaived
from complaints.acts_by_subject.ending import Withdrawn as Withdrawn
from complaints.acts_by_subject.handling import Acknowledged as Acknowledged
from complaints.acts_by_subject.handling import Answered as Answered
from complaints.acts_by_subject.handling import AnswerWasRefused as AnswerWasRefused
from complaints.acts_by_subject.handling import Assessed as Assessed
from complaints.acts_by_subject.handling import Decided as Decided
from complaints.acts_by_subject.handling import FollowedUp as FollowedUp
from complaints.acts_by_subject.handling import FollowUpOpened as FollowUpOpened
from complaints.acts_by_subject.handling import Found as Found
from complaints.acts_by_subject.handling import InvestigationOpened as InvestigationOpened
from complaints.acts_by_subject.handling import MaterialsRequested as MaterialsRequested
from complaints.acts_by_subject.handling import PutRight as PutRight
from complaints.acts_by_subject.handling import Replied as Replied
from complaints.acts_by_subject.handling import ReportExamined as ReportExamined
from complaints.acts_by_subject.keeping import Archived as Archived
from complaints.acts_by_subject.keeping import Erased as Erased
from complaints.acts_by_subject.keeping import HoldLifted as HoldLifted
from complaints.acts_by_subject.keeping import HoldPlaced as HoldPlaced
from complaints.acts_by_subject.keeping import Unarchived as Unarchived
from complaints.acts_by_subject.keeping import Viewed as Viewed
from complaints.acts_by_subject.letters import DeliveryReported as DeliveryReported
from complaints.acts_by_subject.letters import Kept as Kept
from complaints.acts_by_subject.letters import LetterFailed as LetterFailed
from complaints.acts_by_subject.letters import LetterGivenUp as LetterGivenUp
from complaints.acts_by_subject.letters import LetterPrepared as LetterPrepared
from complaints.acts_by_subject.letters import LetterRepaired as LetterRepaired
from complaints.acts_by_subject.letters import LetterSent as LetterSent
from complaints.acts_by_subject.receiving import Received as Received
from complaints.acts_by_subject.receiving import RecordCorrected as RecordCorrected
from complaints.acts_by_subject.receiving import RecordFacts as RecordFacts
from complaints.acts_by_subject.receiving import facts_of as facts_of
from complaints.acts_by_subject.repeats import Absorbed as Absorbed
from complaints.acts_by_subject.repeats import Merged as Merged
from complaints.acts_by_subject.repeats import MergeUndone as MergeUndone
from complaints.acts_by_subject.repeats import Repeat as Repeat
from complaints.acts_by_subject.repeats import RepeatsSuggested as RepeatsSuggested
from complaints.acts_by_subject.repeats import Separated as Separated
from complaints.acts_by_subject.rules import CircumstancesStated as CircumstancesStated
from complaints.acts_by_subject.rules import Occurred as Occurred
from complaints.acts_by_subject.rules import PathTaken as PathTaken
from complaints.acts_by_subject.rules import RegimeAdopted as RegimeAdopted

ACTS: dict[str, type[Act]] = {act.kind_name(): act for act in Act.__subclasses__()}
"""Every act by the name under which the ledger keeps it."""
