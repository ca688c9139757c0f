// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { type ApiError, unwrap } from "./client";

describe("an answer without an explanation", () => {
  const refused = (headers: Record<string, string>) =>
    unwrap(Promise.resolve({ error: "", response: new Response("", { status: 502, headers }) })).catch(
      (error: ApiError) => error.detail,
    );
  it("is looked up under its request id only where there is one", async () => {
    expect(await refused({ "x-request-id": "req-7" })).toContain("under the request id");
    expect(await refused({})).not.toContain("request id");
    expect(await refused({})).toContain("try again");
  });
});
