"""What the resolvers count."""

import functools

from prometheus_client import Counter, Gauge

from storage.metrics import REGISTRY

COST_UNITS = Counter(
    "tenantry_cost_units_total",
    "Units of cost by who pays (payer: an organization or an operator; network: strangers) and what became of them: "
    "granted, given_back of those, or refused.",
    ["payer", "outcome"],
    registry=REGISTRY,
)
cost_units = functools.cache(COST_UNITS.labels)
LOGINS = Counter(
    "tenantry_login_attempts_total",
    "Passwords that were tried: ok, failed, or deferred since too many had failed before.",
    ["outcome"],
    registry=REGISTRY,
)
LOGINS_OK, LOGINS_FAILED, LOGINS_DEFERRED = map(LOGINS.labels, ("ok", "failed", "deferred"))
MAILS = Counter(
    "tenantry_mails_total",
    "Attempts at sending mails of the outbox, by kind: sent, postponed or given_up.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
UNREGISTERED = Counter(
    "tenantry_unregistered_documents_total",
    "Requests with documents that are not registered, executed all the same: while that is reported, or by operators.",
    registry=REGISTRY,
)
SUBSCRIPTIONS = Gauge(
    "tenantry_subscriptions",
    "Subscriptions that run.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
