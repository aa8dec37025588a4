// Peer (d): Apollo Server, the MongoDB driver and DataLoader.

import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import bcrypt from 'bcrypt';
import DataLoader from 'dataloader';
import jwt from 'jsonwebtoken';
import { MongoClient } from 'mongodb';
import { connection, resolvers } from '../resolvers.js';
import { Store } from '../store.js';

const { PEER_MONGODB_URI, PEER_DATABASE, PEER_SECRET, PORT } = process.env;

const client = await new MongoClient(PEER_MONGODB_URI).connect();
const store = new Store(client.db(PEER_DATABASE), bcrypt);
await store.prepare();

const sign = (admin) => jwt.sign({ sub: admin._id, org: admin.organization_id }, PEER_SECRET, { expiresIn: '6h' });

function claimsOf(header) {
  try {
    return header ? jwt.verify(header.replace('Bearer ', ''), PEER_SECRET, { algorithms: ['HS256'] }) : null;
  } catch {
    return null;
  }
}

const Organization = {
  ...resolvers.Organization,
  admins: async ({ _id }, { first = 20 }, { admins }) => connection(await admins.load(_id), first, '_id'),
};
const Node = { __resolveType: (node) => ('type' in node ? 'Document' : 'Organization') };

const server = new ApolloServer({
  typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
  resolvers: { ...resolvers, Organization, Node },
});
await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(PORT) },
  context: async ({ req }) => ({
    store,
    sign,
    claims: claimsOf(req.headers.authorization),
    admins: new DataLoader((ids) => store.adminsOf(ids)),
  }),
});
