"""The flow of a case under ``serve()``, in a process of its own: ``python -m benchmarks.serving``."""

from prefect.types.entrypoint import EntrypointType

from flows.handle_complaint import handle_complaint

if __name__ == "__main__":  # serve() starts processes that import this again
    handle_complaint.serve(name="handle-complaint", entrypoint_type=EntrypointType.MODULE_PATH)
