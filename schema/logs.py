"""The form of the log: one JSON object a line in production, a readable line in development."""

import logging
import sys

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from schema import request_id, tracebacks


def configure(*, as_json: bool) -> None:
    """Set the log of this process up, that of the libraries included."""
    shared: list[Processor] = [
        request_id.add_to_log,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Not by way of the standard library's logging, which costs as much as all else of a request's line.
    structlog.configure(
        processors=[*shared, *_renderers(as_json=as_json)],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(as_json=as_json)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("asyncio").addFilter(_without_details)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # Its own news of starting and stopping repeat ours.


def _renderers(*, as_json: bool) -> list[Processor]:
    as_text = structlog.processors.ExceptionRenderer(_traceback)
    if as_json:
        return [as_text, structlog.processors.JSONRenderer(serializer=_dumps)]
    return [as_text, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _traceback(exc_info: ExcInfo) -> str:
    return tracebacks.text(exc_info[1])


def _without_details(record: logging.LogRecord) -> bool:
    """Leave the first line of what asyncio says: those behind it show exceptions and objects as they are."""
    record.msg, record.args = record.getMessage().partition("\n")[0], None
    return True


def _dumps(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
