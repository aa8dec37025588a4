"""The media types of GraphQL over HTTP, and which of them a client prefers (RFC 9110, section 12.5.1)."""

import functools
from dataclasses import dataclass
from email.message import Message

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
_MAX_LENGTH = 1000
_SHORT = 100
_SUPPORTED = (JSON, GRAPHQL_RESPONSE, EVENT_STREAM)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header field."""

    type: str
    charset: str | None
    quality: float

    def matches(self, media_type: str) -> bool:
        """Tell whether a media type in UTF-8 is within the range; a stream of events has to be named."""
        charset_fits = self.charset is None or self.charset in {"utf-8", "utf8"}
        wildcards = set() if media_type == EVENT_STREAM else {"*/*", f"{media_type.partition('/')[0]}/*"}
        return charset_fits and self.type in {media_type, *wildcards}

    @property
    def specificity(self) -> int:
        """Exact types before wildcards of a type before the wildcard of all."""
        return -self.type.count("*")


def negotiate(accept: str | None) -> str | None:
    """Return the media type to answer in, or None if the client accepts none.

    Without a preference it is `application/json`, which clients that know no other type can read.
    """
    if accept is None or not accept.strip():
        return JSON
    if len(accept) > _MAX_LENGTH:
        return None
    return _negotiate_once(accept) if len(accept) <= _SHORT else _negotiate(accept)


def _negotiate(accept: str) -> str | None:
    ranges = [_parse_once(entry) for entry in accept.split(",") if entry.strip()]
    qualities = {media_type: _quality(media_type, ranges) for media_type in _SUPPORTED}
    best = max(_SUPPORTED, key=lambda media_type: qualities[media_type])
    return best if qualities[best][0] > 0 else None


def content_type(header: str | None) -> tuple[str, str | None]:
    """Return the media type and the charset of a Content-Type header field, in lower case."""
    parsed = _parse_once(header or "")
    return parsed.type, parsed.charset


def _quality(media_type: str, ranges: list[MediaRange]) -> tuple[float, int]:
    """Return the quality of the most specific range that matches, and the place it is named at (earlier is more)."""
    matching = [
        (entry.specificity, -place, entry.quality) for place, entry in enumerate(ranges) if entry.matches(media_type)
    ]
    if not matching:
        return 0.0, 0
    specificity, place, quality = max(matching)
    return quality, place if specificity == 0 else -len(ranges)


def _parse_once(text: str) -> MediaRange:
    """Parse what nearly every request sends alike; what is long is not remembered."""
    return _parse_remembered(text) if len(text) <= _SHORT else _parse(text)


def _parse(text: str) -> MediaRange:
    message = Message()
    message["content-type"] = text.strip()
    quality = message.get_param("q", "1")
    charset = message.get_param("charset")
    try:
        weight = float(str(quality))
    except ValueError:
        weight = 0.0
    kind = text.partition(";")[0].strip().lower()
    return MediaRange(kind, str(charset).lower() if charset is not None else None, weight)


_negotiate_once = functools.lru_cache(maxsize=128)(_negotiate)
_parse_remembered = functools.lru_cache(maxsize=128)(_parse)
