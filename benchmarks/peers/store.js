// What the Node peers share: the data model on the MongoDB driver. Driver, bcrypt and tokens are given by each peer,
// whose own packages they are.

import { randomUUID } from 'node:crypto';

const DUPLICATE_KEY = 11000;
const ROUNDS = 12; // The default of the Python library.

export class TakenError extends Error {}

export const slugOf = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
const collectionName = (slug) => `org_${slug.replaceAll('-', '_')}`;

export class Store {
  constructor(database, bcrypt) {
    this.database = database;
    this.bcrypt = bcrypt;
    this.organizations = database.collection('organizations');
    this.admins = database.collection('admins');
  }

  async prepare() {
    await this.organizations.createIndex({ slug: 1 }, { unique: true });
    await this.admins.createIndex({ email: 1 }, { unique: true });
    await this.admins.createIndex({ organization_id: 1, _id: 1 });
  }

  documents(organization) {
    return this.database.collection(collectionName(organization.slug));
  }

  organization(slug) {
    return this.organizations.findOne({ slug });
  }

  organizationById(id) {
    return this.organizations.findOne({ _id: id });
  }

  page(limit, after) {
    return this.organizations.find(after ? { slug: { $gt: after } } : {}).sort({ slug: 1 }).limit(limit).toArray();
  }

  admin(id) {
    return this.admins.findOne({ _id: id });
  }

  async adminsOf(organizationIds) {
    const found = new Map(organizationIds.map((id) => [id, []]));
    const admins = await this.admins.find({ organization_id: { $in: organizationIds } }).sort({ _id: 1 }).toArray();
    for (const admin of admins) found.get(admin.organization_id).push(admin);
    return organizationIds.map((id) => found.get(id));
  }

  document(organization, id) {
    return this.documents(organization).findOne({ _id: id });
  }

  pageOfDocuments(organization, limit) {
    return this.documents(organization).find().sort({ _id: 1 }).limit(limit).toArray();
  }

  async createDocument(organization, type, data) {
    const at = new Date();
    const document = { _id: randomUUID(), type, data, version: 1, created_at: at, updated_at: at };
    await this.documents(organization).insertOne(document);
    return document;
  }

  async signUp({ name, email, password }) {
    const at = new Date();
    const hash = await this.bcrypt.hash(password, ROUNDS);
    const dates = { created_at: at, updated_at: at };
    const organization = { _id: randomUUID(), name, slug: slugOf(name), description: null, status: 'ACTIVE', ...dates };
    const owner = { organization_id: organization._id, email, name: null, role: 'OWNER', password_hash: hash };
    const admin = { _id: randomUUID(), ...owner, created_at: at };
    await unlessTaken('SLUG_TAKEN', () => this.organizations.insertOne(organization));
    try {
      await unlessTaken('EMAIL_TAKEN', () => this.admins.insertOne(admin));
    } catch (error) {
      await this.organizations.deleteOne({ _id: organization._id });
      throw error;
    }
    await this.documents(organization).createIndex({ type: 1 });
    return { organization, admin };
  }

  async logIn({ email, password }) {
    const admin = await this.admins.findOne({ email });
    return admin && (await this.bcrypt.compare(password, admin.password_hash)) ? admin : null;
  }

  async rename(organization, name) {
    const renamed = { name, slug: slugOf(name), updated_at: new Date() };
    await unlessTaken('SLUG_TAKEN', () =>
      this.organizations.updateOne({ _id: organization._id }, { $set: renamed }),
    );
    await this.documents(organization).rename(collectionName(renamed.slug));
    return { ...organization, ...renamed };
  }
}

async function unlessTaken(code, write) {
  try {
    await write();
  } catch (error) {
    throw error.code === DUPLICATE_KEY ? new TakenError(code) : error;
  }
}
