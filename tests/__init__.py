"""The tests, at the paths of what they test.

- `conftest`: one real database a run, a database name and an application of its own for every test.
- `api`: the client that tests speak GraphQL through, over HTTP.
- `rules`: house rules that no linter knows; `python -m tests.rules`.
- `e2e`: a server process, started as a user would.
"""
