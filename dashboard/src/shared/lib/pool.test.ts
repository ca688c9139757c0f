import { describe, expect, it } from "vitest";
import { mostly, pooled } from "./pool";

describe("a pool of requests", () => {
  it("keeps a few under way, and goes on after a refusal", async () => {
    let now = 0;
    let most = 0;
    const { done, failed } = await pooled(
      [1, 2, 3, 4, 5, 6],
      async (item) => {
        now += 1;
        most = Math.max(most, now);
        await Promise.resolve();
        now -= 1;
        if (item === 2) throw new Error("refused");
        return item * 10;
      },
      2,
    );
    expect(most).toBe(2);
    expect(done.map((each) => each.result).sort((a, b) => a - b)).toEqual([10, 30, 40, 50, 60]);
    expect(failed.map((each) => each.item)).toEqual([2]);
  });
  it("is a failure only when nothing went right", async () => {
    const refuse = () => Promise.reject(new Error("refused"));
    await expect(mostly(pooled(["a"], refuse))).rejects.toThrow("refused");
    const half = await mostly(pooled(["a", "b"], (item) => (item === "a" ? refuse() : Promise.resolve(item))));
    expect([half.done.length, half.failed.length]).toEqual([1, 1]);
  });
});
