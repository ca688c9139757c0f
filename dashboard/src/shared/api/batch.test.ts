import { describe, expect, it, vi } from "vitest";
import { Batch } from "./batch";

describe("a batch", () => {
  const counting = () => {
    const asked: string[][] = [];
    const fetch = vi.fn(async (names: string[]) => {
      asked.push(names);
      return new Map(names.filter((name) => name !== "nobody").map((name) => [name, name.length]));
    });
    return { asked, fetch };
  };

  it("asks once for what many want at the same time, and for each only once", async () => {
    const { asked, fetch } = counting();
    const batch = new Batch(fetch, 0, 100);
    expect(await Promise.all([batch.load("api"), batch.load("worker"), batch.load("api")])).toEqual([3, 6, 3]);
    expect(asked).toEqual([["api", "worker"]]);
  });
  it("asks for no more at once than the server answers", async () => {
    const { asked, fetch } = counting();
    const batch = new Batch(fetch, 0, 2);
    await Promise.all(["a", "b", "c"].map((name) => batch.load(name)));
    expect(asked).toEqual([["a", "b"], ["c"]]);
  });
  it("does not ask for what has left the screen meanwhile", async () => {
    const { asked, fetch } = counting();
    const batch = new Batch(fetch, 0, 100);
    const gone = new AbortController();
    const left = batch.load("gone", gone.signal);
    gone.abort();
    await expect(Promise.all([left, batch.load("here")])).rejects.toThrow();
    expect(asked).toEqual([["here"]]);
  });
  it("has something to say of a name nothing is known of, and passes a failure on to all", async () => {
    const { fetch } = counting();
    expect(await new Batch(fetch, -1, 100).load("nobody")).toBe(-1);
    const broken = new Batch<number>(() => Promise.reject(new Error("no")), 0, 100);
    await expect(broken.load("a")).rejects.toThrow("no");
  });
});
