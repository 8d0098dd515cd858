"""What comes in cannot be taken as it is: known already under its number, or too late."""

from complaints.errors.base import ComplaintError


class NumberTaken(ComplaintError):
    """The sender's number belongs to a case with other content, or one whose content was erased."""

    def __init__(self, number: str, reference: str) -> None:
        super().__init__(number, reference)
        self.number, self.reference = number, reference

    def __str__(self) -> str:
        return (
            f"number: case {self.reference} already has this number, with other content or of a person who was erased; "
            "send a new complaint under a number of its own"
        )


class TransferTaken(NumberTaken):
    """The authority's number belongs to a case with other content, whoever sent that."""

    def __str__(self) -> str:
        return (
            f"transfer.number: case {self.reference} was opened under this number of the authority, with other content "
            "or for a person who was erased; correct the number, or add what is new to that case as materials"
        )


class DeliveryIdTaken(ComplaintError):
    """The sender's id of a delivery belongs to a case with other content."""

    def __init__(self, delivery_id: str, reference: str) -> None:
        super().__init__(delivery_id, reference)
        self.delivery_id, self.reference = delivery_id, reference

    def __str__(self) -> str:
        return (
            f"delivery id: case {self.reference} was already delivered under this id with other content; "
            "send it under a webhook-id of its own, or an Idempotency-Key"
        )


class ContributionTooLate(ComplaintError):
    """Something came in for a case that is closed."""

    def __init__(self, reference: str, stage: str) -> None:
        super().__init__(reference, stage)
        self.reference, self.stage = reference, stage

    def __str__(self) -> str:
        return (
            f"Case {self.reference} is {self.stage} and takes no more materials; where they tell something new, file "
            "them as a new complaint that names this case, or ask the firm to take the case up again"
        )
