// The resolvers of the Node peers; how admins are loaded together is each peer's own.

import { TakenError } from './store.js';

const iso = (name) => (record) => record[name].toISOString();
const dates = { createdAt: iso('created_at'), updatedAt: iso('updated_at') };

export function connection(found, first, cursor) {
  const edges = found.slice(0, first).map((node) => ({ cursor: node[cursor], node }));
  return { edges, pageInfo: { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor ?? null } };
}

async function unlessTaken(work) {
  try {
    return { errors: [], ...(await work()) };
  } catch (error) {
    if (!(error instanceof TakenError)) throw error;
    return { errors: [{ code: error.message, message: 'It is taken.' }] };
  }
}

async function ownOrganization({ store, claims }, id) {
  const found = claims?.org === id ? await store.organizationById(id) : null;
  if (!found) throw new Error('FORBIDDEN');
  return found;
}

const Query = {
  async viewer(_, __, { store, claims }) {
    const admin = claims && (await store.admin(claims.sub));
    return admin ? { admin } : null;
  },
  async node(_, { id }, context) {
    const [organizationId, documentId] = id.split(':');
    const organization = await ownOrganization(context, organizationId);
    const document = await context.store.document(organization, documentId);
    return document && { ...document, organization_id: organizationId };
  },
  organization: (_, { slug }, { store }) => store.organization(slug),
  async organizations(_, { first = 20, after }, { store, claims }) {
    if (!claims) throw new Error('UNAUTHENTICATED');
    return connection(await store.page(first + 1, after), first, 'slug');
  },
};

const Mutation = {
  createOrg: (_, { input }, { store, sign }) =>
    unlessTaken(async () => {
      const made = await store.signUp(input);
      return { ...made, session: { accessToken: sign(made.admin) } };
    }),
  async login(_, { input }, { store, sign }) {
    const admin = await store.logIn(input);
    if (admin) return { admin, session: { accessToken: sign(admin) }, errors: [] };
    return { errors: [{ code: 'BAD_CREDENTIALS', message: 'Email or password are wrong.' }] };
  },
  async renameOrg(_, { input }, context) {
    const organization = await ownOrganization(context, input.organizationId);
    return unlessTaken(async () => ({ organization: await context.store.rename(organization, input.name) }));
  },
  async createDocument(_, { input }, context) {
    const organization = await ownOrganization(context, input.organizationId);
    const document = await context.store.createDocument(organization, input.type, input.data);
    return { document: { ...document, organization_id: organization._id }, errors: [] };
  },
};

export const resolvers = {
  Query,
  Mutation,
  Admin: { id: (admin) => admin._id, createdAt: dates.createdAt },
  Organization: {
    id: (organization) => organization._id,
    ...dates,
    async documents(organization, { first = 20 }, context) {
      await ownOrganization(context, organization._id);
      const found = await context.store.pageOfDocuments(organization, first + 1);
      const named = found.map((document) => ({ ...document, organization_id: organization._id }));
      return connection(named, first, '_id');
    },
  },
  Document: { id: (document) => `${document.organization_id}:${document._id}`, ...dates },
};
