"""Who is asking, and what they may do: the lowest layer, which knows neither database nor schema.

- `errors`: the base error, its stable codes, and the errors that every layer may raise.
- `identifiers`: the id types; holding an `OrganizationId` means that someone verified it.
- `algorithms`, `keys`, `tokens`: the signing keys and the access tokens made with them; `key_sets`: how they change, in
  `key_files`, which servers follow.
- `audit_chain`: the form and the hash of an audit trail's links.
- `passwords`: hashing off the event loop, and which passwords are too weak.
- `permissions`: the classes that guard schema fields.
- `principals`: the caller as the live records say it is.
- `refresh_tokens`: the opaque tokens that renew a session; `one_time_tokens`: those that mails carry.
- `roles`: the one table from role to permission.
"""
