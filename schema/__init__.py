"""All that a client sees: the types and fields of the API, and the HTTP edge that serves them.

- `assembly`: the one list of everything in the schema; `python server.py schema` prints it.
- `organizations`, `admins`, `sessions`, `migrations`, `tenant_stores`, `rate_limits`, `viewer`, `nodes`: the nouns;
  `documents`, `document_changes`, `document_types`: the tenants' own; `audit_events`, `actors`: what was done, by whom.
- `memberships`, `invitations`, `inviting`: members come, change and go.
- `suspending`, `admin_statuses`: what operators do; `suspensions`: what members see of it.
- `sign_ups`, `moves`, `deletions`, `password_resets`, `email_verifications`: the larger mutations, a file each;
  `organization_events`, `document_events`, `migration_progress`: the subscriptions.
- `interfaces`, `ids`, `connections`, `instants`, `enums`, `scalars`, `fields`, `user_errors`: what the nouns share.
- `execution`: the one way of an operation, `prepared_operations`: what is done once for each, `document_limits`: how
  large it may be by its `document_shapes` and `field_costs` within the `limits` of the settings, `introspection`:
  whether it reads the schema, `charging` and `actual_costs`: what it pays; `executor`, `plain_fields`: how it is run.
- `errors`: the one translator from exceptions to the wire; `echoes`: what it does not repeat.
- `graphql_http`, `graphql_request`, `media_types`: GraphQL over HTTP; `graphql_sse`: as Server-Sent Events;
  `graphql_websocket`, `websocket_protocol`: over WebSocket; `live_connections`:
  how one goes on; `graphql_routes`: the routes; `bearer`: where the access token stands.
- `server_protocols`: what the web server leaves open, clients that are slow or many and streams without an end;
  `request_bodies`, `overload`: how much of them is taken in at once; `refusal_pause`: who is refused waits for it.
- `persisted_operations`: requests that name their documents, by `document_ids`; `conditional_requests`: answers that
  clients keep; `operation_commands`: the commands `operations …`, which read `manifests`.
- `preflight`: what a page of another site could send is refused.
- `refresh_cookies`: how a browser keeps a refresh token.
- `edge`: the outermost layer, by `request_id`, `request_log`, `security_headers`; `request_context`: what a request
  gives to the resolvers; `logs`: the form of the log, `tracebacks`: that of errors in it.
- `transfers`, `transfer_problems`: export and import over HTTP; `audit_downloads`: the audit trail; `downloads`: how a
  file is sent; `transfer_commands`, `transfer_client`: the commands.
- `key_commands`: the commands `keys …`; `lean_imports`: what the start of all commands does without.
- `metrics`: what the edge counts, `operation_kinds` what it wants to know for this; `exposition`: the route `/metrics`,
  opened by the `metric_settings`; `metric_files`: where workers count.
- `health`, `jwks`, `playground`: the other routes; `problems`: answers to requests that never reach GraphQL.
"""
