// Replaced by `npm run api:types` from openapi.json.
// biome-ignore lint/suspicious/noExplicitAny: stands in until the document exists
export type paths = any;
