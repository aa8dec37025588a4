"""The peers: the same service, written here as such services are written today, to be measured beside Tenantry.

- `store`: the data model of the Python peers, on Motor; `names`: ids and names in it.
- `fastapi_rest`: (a) FastAPI, REST. `strawberry_plain`: (b) Strawberry's defaults. `ariadne_peer`: (c) Ariadne.
- `schema.graphql`: the part of Tenantry's schema that the cases use; `store.js`: the data model of the Node peers.
- `apollo/`: (d) Apollo Server with DataLoader. `mercurius/`: (e) Fastify and Mercurius with its loaders.
"""
