"""The door's description (OpenAPI 3.1): records, answers, problems, examples, and how senders prove who they are."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from complaints.contributions import DeliveryReceipt, Materials, Withdrawal
from complaints.intake import Complaint
from complaints.progress import Progress
from complaints.words import DeliveryStatus
from deployments.door.problems import ALL, MEDIA_TYPE, Problem

_SCHEMA: Final = "#/components/schemas/"
REFERENCE: Final = "TS260302-7K3M9QX"


class Answer(BaseModel):
    """What an operation answers.

    Attributes:
        statuses: Status codes and what each says.
        model: The name of its schema.
        example: A whole one.
    """

    statuses: dict[int, str]
    model: str
    example: dict[str, Any]


FILED: Final = Answer(
    statuses={201: "It is stored for good, under this reference.", 200: "It was filed before, under this reference."},
    model="Filed",
    example={"reference": REFERENCE},
)
MATERIALS_TAKEN: Final = Answer(
    statuses={201: "They are kept: their number, and those of their files.", 200: "They had come before."},
    model="MaterialsTaken",
    example={"reference": REFERENCE, "number": 1, "evidence": [2, 3]},
)
WITHDRAWN: Final = Answer(
    statuses={200: "The case is withdrawn."}, model="Withdrawn", example={"reference": REFERENCE, "step": "withdrawn"}
)
REPORTED: Final = Answer(
    statuses={200: "It is recorded."}, model="Reported", example={"reference": REFERENCE, "status": "failed"}
)
PROGRESS: Final = Answer(
    statuses={200: "Where the case stands."},
    model="Progress",
    example={
        "reference": REFERENCE,
        "step": "investigating",
        "stage": "正在调查核实",
        "received_at": "2026-03-02T09:00:00+08:00",
        "acknowledged_at": "2026-03-02T09:00:04+08:00",
        "answer_due_on": "2026-03-17",
        "overdue": False,
        "next": "我们正在核实有关情况，有结果后即书面告知您。您也可以随时补充材料。",
        "actor": "firm",
        "awaits_materials": False,
        "takes_materials": True,
        "may_withdraw": True,
        "survey_open": False,
        "letters": [
            {
                "title": "受理告知书",
                "written_at": "2026-03-02T09:00:03+08:00",
                "sent_at": "2026-03-02T09:00:04+08:00",
            }
        ],
    },
)

_EXAMPLES: Final[dict[type[BaseModel], dict[str, Any]]] = {
    Complaint: {
        "number": "CRM-2026-000117",
        "channel": "web",
        "language": "zh-CN",
        "kind": "complaint",
        "complainant": {"name": "王明", "contacts": [{"kind": "email", "value": "wang.ming@example.cn"}]},
        "product": "轻舟消费贷",
        "category": "fees",
        "narrative": "三月账单中账户服务费扣了两次。",
        "wanted": "退还多扣的一笔。",
        "amount": {"value": "128.50", "currency": "CNY"},
    },
    Materials: {"channel": "web", "words": "补充三月的银行流水。"},
    Withdrawal: {"channel": "telephone", "words": "已经退款，不再追究。"},
    DeliveryReceipt: {
        "letter": f"{REFERENCE}-1",
        "status": "failed",
        "occurred_at": "2026-03-02T09:00:12+08:00",
        "code": "5.1.1",
        "detail": "user unknown",
    },
}

_SECURITY: Final[list[dict[str, list[str]]]] = [{"webhook": []}, {"bearer": []}]
_SCHEMES: Final = {
    "webhook": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over "
        "`webhook-id.webhook-timestamp.body`. The header `webhook-sender` names the sender. Several signatures, with "
        "blanks between them, are tried in turn.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of the sender: `redress token new`."},
}
_HEADERS: Final = (
    ("webhook-sender", "who signed it", {"type": "string", "maxLength": 48}),
    (
        "webhook-id",
        "the id of this delivery; the same one again is the same delivery",
        {"type": "string", "maxLength": 128},
    ),
    ("webhook-timestamp", "when it was signed: seconds since 1970, within five minutes", {"type": "string"}),
)
_KEY: Final = ("Idempotency-Key", "the id of this delivery, with a bearer token", {"type": "string", "maxLength": 128})


def operation(answer: Answer, model: type[BaseModel] | None, body: dict[str, Any]) -> dict[str, Any]:
    """Return what FastAPI is to say of an operation."""
    parameters = [_header(*one) for one in (*_HEADERS, *((_KEY,) if model else ()))]
    extra: dict[str, Any] = {"security": _SECURITY, "parameters": parameters}
    if answer is not FILED:
        parameters.append(
            {
                "name": "reference",
                "in": "path",
                "required": True,
                "description": "the case's reference",
                "schema": {"type": "string"},
                "example": REFERENCE,
            }
        )
    if model is None:
        language = {"type": "string", "enum": ["zh-CN", "en"]}
        parameters.append({"name": "language", "in": "query", "required": False, "schema": language})
    else:
        content = {kind: _content(kind, model, part) for kind, part in body.items()}
        extra["requestBody"] = {"required": True, "content": content}
    return {"openapi_extra": extra, "responses": _answers(answer, delivers=model is not None)}


def with_files(part: str) -> dict[str, Any]:
    """Return the bodies of an operation that takes files."""
    return {"application/json": None, "multipart/form-data": part}


def without_files() -> dict[str, Any]:
    """Return the bodies of an operation that takes none."""
    return {"application/json": None}


def _header(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def _content(kind: str, model: type[BaseModel], part: str | None) -> dict[str, Any]:
    record = {"$ref": f"{_SCHEMA}{model.__name__}"}
    if part is None:
        return {"schema": record, "examples": {"example": {"value": _EXAMPLES[model]}}}
    files = {
        "type": "array",
        "maxItems": 20,
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
    }
    return {
        "schema": {"type": "object", "required": [part], "properties": {part: record, "file": files}},
        "encoding": {part: {"contentType": "application/json"}},
    }


def _answers(answer: Answer, *, delivers: bool) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": f"{_SCHEMA}{answer.model}"}
    content = {"application/json": {"schema": schema, "examples": {"example": {"value": answer.example}}}}
    answers: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "content": content} for status, text in answer.statuses.items()
    }
    for problem in ALL:
        if problem.status in (400, 409, 415) and not delivers:
            continue
        answers.setdefault(problem.status, _problem(problem))
    return answers


def _problem(problem: Problem) -> dict[str, Any]:
    names = [one for one in ALL if one.status == problem.status]
    described: dict[str, Any] = {
        "description": " ".join(one.title for one in names),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": f"{_SCHEMA}Problem"},
                "examples": {
                    one.name: {"value": {"type": one.type, "title": one.title, "status": one.status, "detail": "…"}}
                    for one in names
                },
            }
        },
    }
    if problem.status in (429, 503):
        described["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return described


# --- the parts of the description ------------------------------------------------------------------


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 1}
_PROBLEM: Final = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": ["about:blank", *(one.type for one in ALL)]},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {"type": "array", "items": _object(field=_TEXT, reason=_TEXT)},
        "instance": _TEXT,
    },
}


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {
        "Filed": _object(reference=_TEXT),
        "MaterialsTaken": _object(reference=_TEXT, number=_NUMBER, evidence={"type": "array", "items": _NUMBER}),
        "Withdrawn": _object(reference=_TEXT, step={"const": "withdrawn"}),
        "Reported": _object(reference=_TEXT, status={"enum": list(DeliveryStatus)}),
        "Problem": _PROBLEM,
    }
    for model in (Complaint, Materials, Withdrawal, DeliveryReceipt, Progress):
        schema = model.model_json_schema(
            ref_template=_SCHEMA + "{model}", mode="serialization" if model is Progress else "validation"
        )
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


def describe(app: FastAPI) -> None:
    """Let an application describe its records and its security, too."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        described = made()
        components = described.setdefault("components", {})
        if "securitySchemes" not in components:
            components["securitySchemes"] = _SCHEMES
            components.setdefault("schemas", {}).update(_schemas())
        return described

    app.openapi = openapi  # type: ignore[method-assign] # the way FastAPI's own documentation has it
