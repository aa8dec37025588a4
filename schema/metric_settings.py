"""Who may read the metrics: the part of the settings that says so."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, SecretStr

_MIN_LENGTH = 32


def _long(given: SecretStr) -> SecretStr:
    if len(given.get_secret_value()) < _MIN_LENGTH or not given.get_secret_value().isascii():
        raise ValueError(f"expected at least {_MIN_LENGTH} ASCII characters")
    return given


class MetricSettings(BaseModel):
    """The token that opens `/metrics` in production."""

    metrics_token: Annotated[SecretStr, AfterValidator(_long)] | None = None
