// The same request for many things, a few at a time, so that a long list neither floods the server nor stops at the
// first refusal.

export interface Pooled<T, R> {
  done: { item: T; result: R }[];
  failed: { item: T; error: unknown }[];
}

const AT_ONCE = 6;

export async function pooled<T, R>(items: T[], run: (item: T) => Promise<R>, atOnce = AT_ONCE): Promise<Pooled<T, R>> {
  const results: Pooled<T, R> = { done: [], failed: [] };
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        results.done.push({ item, result: await run(item) });
      } catch (error) {
        results.failed.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return results;
}

/** Throws what went wrong when nothing went right, so that it is shown as any other refusal. */
export async function mostly<T, R>(work: Promise<Pooled<T, R>>): Promise<Pooled<T, R>> {
  const results = await work;
  if (results.done.length === 0 && results.failed[0]) throw results.failed[0].error;
  return results;
}
