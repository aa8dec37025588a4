"""Documents that were sent before are neither parsed nor validated again: the 128 used last, if they are short."""

from collections.abc import Iterator

from strawberry.extensions import ParserCache, ValidationCache

_MAX_LENGTH = 8192
_MAX_DOCUMENTS = 128


class ParsedOnce(ParserCache):
    """Remembers parsed documents."""

    def __init__(self) -> None:
        super().__init__(_MAX_DOCUMENTS)

    def on_parse(self) -> Iterator[None]:
        """Parse a document, unless it is remembered or too long to be."""
        if len(self.execution_context.query or "") > _MAX_LENGTH:
            yield
        else:
            yield from super().on_parse()


class ValidatedOnce(ValidationCache):
    """Remembers what was found wrong with documents that are remembered."""

    def __init__(self) -> None:
        super().__init__(_MAX_DOCUMENTS)

    def on_validate(self) -> Iterator[None]:
        """Validate a document, unless it is remembered or too long to be."""
        if len(self.execution_context.query or "") > _MAX_LENGTH:
            yield
        else:
            yield from super().on_validate()
