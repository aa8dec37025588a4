"""The benchmarks: what Tenantry costs beside what it is compared with, as ratios from one run on one machine.

- `moves`, `audit`, `subscriptions`, `logins`: what one capability costs, each a command of its own.
- `__main__`: the comparison with the peers (`peers/`), a command; `check`: the guard against getting slower, another.
- `contenders`: the servers; `database`: the one that they share; `seeds`: what is in it; `worlds`: a server at work.
- `dialects`: how operations are asked for in GraphQL and REST; `http_calls`: as what; `cases`: which of them.
- `agreement`: that all say the same; `comparison`: rounds; `scale`: large databases, memory, starts; `floors`.
- `load`, `load.lua`, `generator`: who sends requests; `processes`: who answers them, and what that costs.
- `counting_proxy`, `wire_messages`: database commands; `calls`: function calls.
- `figures`, `targets`, `tables`, `plots`, `report`: what is made of it.
"""
