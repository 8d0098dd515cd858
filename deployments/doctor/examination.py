"""``redress doctor``: what is wrong with this installation, and the cure of each."""

from complaints.settings import Settings
from deployments.doctor import cases, doors, keeping, machine, prefect_server, runs, together
from deployments.doctor.finding import Finding


def examine(settings: Settings) -> list[Finding]:
    """Look at versions, the home folder, keys, databases, mail, the door, Prefect's server and what it stands on."""
    findings, processes = together.prefects_database(settings)
    return [
        *machine.versions(),
        *machine.home(settings),
        *machine.paper(),
        *cases.cases(settings),
        *cases.rules(settings),
        *doors.letters_and_senders(settings),
        doors.incoming_mail(settings),
        *doors.evidence(settings),
        *keeping.anchors(settings),
        *keeping.erasures(settings),
        *doors.alerts(settings),
        *doors.receivers(settings),
        *together.settings_of_many(settings),
        *findings,
        *together.redis(settings),
        *together.machines(settings),
        *prefect_server.asked(settings, max(processes, 2 if settings.prefect_redis_url.get_secret_value() else 1)),
        *runs.cancelled(settings),  # last: it takes the settings of Prefect's client from ours
    ]
