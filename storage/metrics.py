"""What storage counts and times, and the registry of all metrics: `resolvers.metrics` and `schema.metrics` are in it.

The values of labels are few and our own: nothing that a client chooses, and nothing that tells whose data it is.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

COMMAND_SECONDS = Histogram(
    "tenantry_database_command_duration_seconds",
    "How long the database took to answer a command, failures included.",
    ["command"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
COMMAND_FAILURES = Counter(
    "tenantry_database_command_failures_total",
    "Commands that the database refused, or did not answer.",
    ["command"],
    registry=REGISTRY,
)
COMMANDS_IN_PROGRESS = Gauge(
    "tenantry_database_commands_in_progress",
    "Commands that the database has not answered yet: each takes a connection of the pool.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
MOVES = Counter(
    "tenantry_moves_total",
    "Moves of tenant stores that have ended: finished or rolled_back.",
    ["outcome"],
    registry=REGISTRY,
)
MOVES_FINISHED, MOVES_ROLLED_BACK = MOVES.labels("finished"), MOVES.labels("rolled_back")
MOVES_UNDER_WAY = Gauge(
    "tenantry_moves_under_way",
    "Moves of tenant stores that this server is working on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
