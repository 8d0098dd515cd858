import socket

import httpx
import pytest

from complaints.errors.settings import SettingError
from deployments.metrics import worker
from deployments.metrics.serving import serve_health

HERE = "127.0.0.1"


def test_a_worker_that_can_work_says_so():
    with serve_health(HERE, 0, list, worker.REGISTRY) as port:
        assert httpx.get(f"http://{HERE}:{port}/healthz").json() == {"status": "ok"}
        assert httpx.get(f"http://{HERE}:{port}/readyz").json() == {"status": "ready"}
        assert httpx.get(f"http://{HERE}:{port}/elsewhere").status_code == 404


def test_a_worker_that_cannot_work_lives_and_says_what_it_lacks():
    with serve_health(HERE, 0, lambda: ["case-database"], worker.REGISTRY) as port:
        answer = httpx.get(f"http://{HERE}:{port}/readyz")

        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "lacks": ["case-database"]})
        assert httpx.get(f"http://{HERE}:{port}/healthz").status_code == 200


def test_a_question_that_cannot_be_answered_tells_only_that(caplog):
    def broken():
        raise OSError("林知夏")

    with serve_health(HERE, 0, broken, worker.REGISTRY) as port:
        answer = httpx.get(f"http://{HERE}:{port}/readyz")

    assert (answer.status_code, answer.json()) == (500, {"status": "broken"})
    assert "OSError" in caplog.text
    assert "林知夏" not in caplog.text + answer.text


def test_what_a_worker_counts_is_shown():
    worker.run_ended("handle-complaint", 0.3, "suspended")
    worker.step_retried("send-letter")
    worker.executor_replaced("memory")
    worker.executors(busy=3, all=8)
    worker.answer_taken_up(0.4)

    with serve_health(HERE, 0, list, worker.REGISTRY) as port:
        shown = httpx.get(f"http://{HERE}:{port}/metrics").text

    for line in (
        'redress_run_seconds_bucket{flow="handle-complaint",le="0.5",outcome="suspended"} 1.0',
        'redress_step_retries_total{step="send-letter"} 1.0',
        'redress_executors_replaced_total{reason="memory"} 1.0',
        'redress_executors{state="busy"} 3.0',
        'redress_executors{state="idle"} 5.0',
        'redress_answer_taken_up_seconds_bucket{le="0.5"} 1.0',
    ):
        assert line in shown


def test_a_port_that_another_worker_has_is_refused_with_the_cure():
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()

        with (
            pytest.raises(SettingError, match="port of its own"),
            serve_health(HERE, taken.getsockname()[1], list, worker.REGISTRY),
        ):
            pass


def test_the_port_is_free_again_afterwards():
    with serve_health(HERE, 0, list, worker.REGISTRY) as port:
        pass
    with serve_health(HERE, port, list, worker.REGISTRY) as again:
        assert again == port
