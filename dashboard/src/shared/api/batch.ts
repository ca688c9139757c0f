// Joins what many rows of a list ask for within a moment into few requests. A row that has left the screen before its
// request was sent is not asked for.

interface Wanted<V> {
  name: string;
  signal: AbortSignal | undefined;
  resolve: (value: V) => void;
  reject: (error: unknown) => void;
}

const WAIT_MS = 40;

export class Batch<V> {
  private wanted: Wanted<V>[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `fetch` answers with what it has; `none` stands in for a name it has nothing for. */
  constructor(
    private readonly fetch: (names: string[]) => Promise<Map<string, V>>,
    private readonly none: V,
    private readonly most: number,
  ) {}

  load(name: string, signal?: AbortSignal): Promise<V> {
    return new Promise((resolve, reject) => {
      this.wanted.push({ name, signal, resolve, reject });
      this.timer ??= setTimeout(() => this.flush(), WAIT_MS);
    });
  }

  private flush() {
    this.timer = undefined;
    const wanted = this.wanted.filter((each) => !each.signal?.aborted);
    for (const each of this.wanted) if (each.signal?.aborted) each.reject(each.signal.reason);
    this.wanted = [];
    for (let from = 0; from < wanted.length; from += this.most) void this.send(wanted.slice(from, from + this.most));
  }

  private async send(wanted: Wanted<V>[]) {
    try {
      const found = await this.fetch([...new Set(wanted.map((each) => each.name))]);
      for (const each of wanted) each.resolve(found.get(each.name) ?? this.none);
    } catch (error) {
      for (const each of wanted) each.reject(error);
    }
  }
}
