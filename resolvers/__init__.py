"""What each field does: authorize, call storage, return a record. Knows neither GraphQL nor HTTP.

- `context`: what a request carries: services, loaders, the caller; `services` is what all requests share.
- `authorization`: verifies that the caller may act on an organization, and that it can be changed now.
- `loaders`: one set of batching loaders a request; `lookups`: what all requests fetch together, by `coalescing`.
- `organizations`, `admins`, `operators`, `sessions`, `migrations`: what can be done with each noun.
- `refresh_cookies`: what becomes of the cookie with a refresh token.
- `memberships`: who manages whom; `inviting`: how somebody is invited and answers; `invitations`: who sees that.
- `sign_ups`, `moves`, `deletions`: how an organization begins, gets another name, and ends.
- `suspensions`, `admin_statuses`: what operators do, for which they give `reasons`.
- `password_resets`, `email_verifications`: what tokens of mails are for; `one_time_tokens`: those that do not count.
- `mail_sender`: takes mails out of the outbox; `letters`: what they look like; `mailer`, `mail_delivery`: how they
  leave, as the `mail_settings` say; `setting_types`: kinds of settings.
- `documents`, `document_queries`, `document_changes`, `document_types`: reading and writing tenants' documents.
- `subscriptions`: events for as long as the caller may see them: `organization_events`, `document_events`, and
  `migration_progress`. They come from the `feed` to its `followers`, who come back with `event_cursors`, soon to what
  is in `recent_events`; `sharing`: what those share who hear of the same event.
- `live_connections`: for how long a connection stays open; `rounds`: when that is asked anew, for all together.
- `audit_events`: the trail of what people did; `incidents`: what they tried in vain, counted for it.
- `exports`, `imports`: streams of documents, for as long as the caller may read them, or until they are applied.
- `login_defence`: who may try a password, and when; `login_queues`: where logins wait.
- `slugs`, `emails`, `names`, `document_names`: what is acceptable as one.
- `rate_budgets`, `charges`: what requests cost, and who pays; `shares`: what one payer has of a process; `networks`:
  whom an address stands for.
- `metrics`: what is counted here.
- `persisted_operations`: documents that are named: the `registered_operations`, and the `remembered_operations` of
  clients; `trusted_documents`: which are executed; `unregistered_documents`: those that are reported.
- `background`: work that goes on when the answer has been sent; `upkeep`: what a server does all the time.
"""
