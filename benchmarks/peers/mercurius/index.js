// Peer (e): Fastify, Mercurius with its loaders and its compiler, and the MongoDB driver.

import { readFileSync } from 'node:fs';
import fastifyJwt from '@fastify/jwt';
import bcrypt from 'bcrypt';
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { MongoClient } from 'mongodb';
import { connection, resolvers } from '../resolvers.js';
import { Store } from '../store.js';

const { PEER_MONGODB_URI, PEER_DATABASE, PEER_SECRET, PORT } = process.env;

const client = await new MongoClient(PEER_MONGODB_URI).connect();
const store = new Store(client.db(PEER_DATABASE), bcrypt);
await store.prepare();

const app = Fastify();
app.register(fastifyJwt, { secret: PEER_SECRET });

const sign = (admin) => app.jwt.sign({ sub: admin._id, org: admin.organization_id }, { expiresIn: '6h' });

async function claimsOf(request) {
  try {
    return request.headers.authorization ? await request.jwtVerify() : null;
  } catch {
    return null;
  }
}

app.register(mercurius, {
  schema: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
  resolvers: { ...resolvers, Node: { resolveType: (node) => ('type' in node ? 'Document' : 'Organization') } },
  loaders: {
    Organization: {
      async admins(queries) {
        const found = await store.adminsOf(queries.map(({ obj }) => obj._id));
        return found.map((admins, index) => connection(admins, queries[index].params.first ?? 20, '_id'));
      },
    },
  },
  context: async (request) => ({ store, sign, claims: await claimsOf(request) }),
  jit: 1,
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
