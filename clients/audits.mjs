// Runs every GraphQL-over-HTTP audit against the endpoint whose address is given; prints the outcomes as JSON.
import { serverAudits } from "graphql-http";

// A query by GET has to show that no page of another site has sent it.
const send = (url, init) => fetch(url, { ...init, headers: { ...init?.headers, "graphql-preflight": "1" } });
const audits = serverAudits({ url: process.argv[2], fetchFn: send });
const outcomes = await Promise.all(audits.map((audit) => audit.fn()));
console.log(JSON.stringify(outcomes.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
