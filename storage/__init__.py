"""Everything that talks to MongoDB, through Motor; nothing above this folder imports a driver type.

- `database`: the connection, transactions, and what kind of server this is; `startup` readies it for use.
- `capabilities`: what kind of server it is.
- `embedded`: the database that comes along, as a child process; `parent_process` ties its life to ours.
- `descriptors`: how many connections this process can have.
- `failures`: which of the driver's errors mean "try again later", and how to wait for that.
- `organizations`, `admins`, `sessions`, `slugs`, `migrations`: the collections of the master database, a module each.
- `placements`: where a store is; `tenant_stores`: what is in it; `tenant_access`: the one door, which `guards` keep.
- `move_plans`, `moves`: carry a store elsewhere while it is written to; `changes`: what is to be copied again;
  `burned_names`: what is not given out again.
- `documents`: those of the API, found by `document_queries`; `document_values`: what an index can order;
  `document_json`: JSON and BSON.
- `document_types`: what members say about a type; `index_builds` and `store_indexes` make the indexes, `document_rules`
  and `document_schemas` check what is written.
- `one_time_tokens`: what mails carry; `outbox`: the mails that are yet to be sent; `mail_contents`: what they tell.
- `account_tokens`: tokens about an admin; `password_resets`, `email_verifications`: what they do; `lapses`: sign-ups
  that nobody verifies.
- `accounts`: what touches an account and its sessions together; `conflicts`: what a unique index decides against.
- `memberships`: who belongs to an organization, and as what; `invitations`: who was invited, by `inviting`.
- `suspensions`, `admin_statuses`: what operators do to an organization, and to an admin.
- `sign_ups`, `deletions`, `purges`: the birth and the end of an organization, each safe against a crash between any two
  lines.
- `acts`: who does something; `audit_events`: the chain of what people did (`audit_actions`), read by `audit_pages`.
- `events`: what happens, told in the transaction that does it, and read by `event_stream`; `move_events`: what a move
  tells of.
- `leases`, `recovery`: who works on an unfinished change, and who finishes it when that worker is gone.
- `exports`, `imports`: documents leave and enter as files, in the form of `transfer_format`; an import has its record
  in `import_records`, its bytes in `import_staging`, and is looked at first by `import_checks` and `import_rules`.
- `patient_writes`: writes that wait for the end of a fence.
- `persisted_operations`: documents that requests name instead of sending them.
- `throttles`: how often something was tried in vain.
- `budgets`: what may be spent, kept in `rate_budgets`, or in `redis_budgets`, as `budget_places` has it.
- `metrics`: what is counted here, and the registry of all metrics; `driver_metrics`: what the driver tells of.
- `pages`: keyset pagination.
"""
