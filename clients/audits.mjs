// Runs every GraphQL-over-HTTP audit against the endpoint whose address is given; prints the outcomes as JSON.
import { serverAudits } from "graphql-http";

const audits = serverAudits({ url: process.argv[2] });
const outcomes = await Promise.all(audits.map((audit) => audit.fn()));
console.log(JSON.stringify(outcomes.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
