// The one way to the server: openapi-fetch with our errors. It knows HTTP and problem+json, and nothing of any page.
import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { Problem } from "./types";

/** A refused or failed request, in the words of the server where it gave some. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly fields: { field: string; message: string }[];

  constructor(problem: Problem) {
    super(problem.title);
    this.name = "ApiError";
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail ?? "";
    this.requestId = problem.request_id ?? null;
    this.fields = problem.errors ?? [];
  }
}

/** A bearer token may be added here once accounts exist; the event stream uses the same function. */
export function authorization(): Record<string, string> {
  return {};
}

const ANSWER_WITHIN_MS = 35_000;

/** Everything lives in an environment; a request that names none means the one in the address of the page. */
function inEnvironment(request: Request): Request {
  const chosen = new URLSearchParams(location.search).get("environment");
  const url = new URL(request.url);
  if (!chosen || url.searchParams.has("environment")) return request;
  url.searchParams.set("environment", chosen.replace(/^"|"$/g, ""));
  return new Request(url, request);
}

async function send(given: Request): Promise<Response> {
  const request = inEnvironment(given);
  for (const [name, value] of Object.entries(authorization())) request.headers.set(name, value);
  try {
    return await fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]) });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    const late = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new ApiError({
      title: late ? "Mainstay did not answer in time" : "Mainstay cannot be reached",
      status: 0,
      code: late ? "timeout" : "unreachable",
      detail: late
        ? `There was no answer to ${new URL(request.url).pathname} within ${ANSWER_WITHIN_MS / 1000} seconds. Try again.`
        : "The connection failed before an answer came. Check that Mainstay is running, then try again.",
    });
  }
}

export const http = createClient<paths>({ fetch: send, headers: { accept: "application/json" } });

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/**
 * The body of a good answer, or an `ApiError` that carries the request id. Addresses and parameters are checked against
 * openapi.json by the compiler; the shape of the answer is stated in types.ts, which `contract.ts` holds against it.
 */
export async function unwrap<T>(call: Promise<Answer>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw new ApiError(problemOf(error, response));
}

function problemOf(error: unknown, response: Response): Problem {
  const requestId = response.headers.get("x-request-id");
  if (error && typeof error === "object" && "title" in error) {
    const problem = error as Problem;
    return { ...problem, status: problem.status ?? response.status, request_id: problem.request_id ?? requestId };
  }
  return {
    title: `Mainstay answered ${response.status}`,
    status: response.status,
    code: "unexpected-answer",
    detail: `${new URL(response.url || "/", location.origin).pathname} gave no explanation. ${
      requestId
        ? "Its log has more under the request id."
        : "Something between this browser and Mainstay may have answered in its place; try again."
    }`,
    request_id: requestId,
  };
}

interface Listing<T> {
  items: T[];
  next_cursor?: string | null;
}

/** Every page of a list, one after the other, up to `most` items. */
export async function everyPage<T>(
  page: (cursor: string | undefined) => Promise<Listing<T>>,
  most = 20_000,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    all.push(...answer.items);
    cursor = answer.next_cursor ?? undefined;
  } while (cursor && all.length < most);
  return all;
}
