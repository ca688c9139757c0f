// Starts `mainstay demo --no-fault` as a person would, and stops it with everything it started.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Waits until a condition holds, and says in the end what was waited for. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`Waited ${limitMs / 1000} s in vain until ${what}.`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

interface State {
  service: string;
  state: string;
  cause: { service: string; path: string[] } | null;
}

export class Demo {
  private constructor(
    readonly address: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly control: { url: string; token: string },
  ) {}

  static async start(): Promise<Demo> {
    const binary = resolve(process.env.MAINSTAY_TEST_BINARY ?? "../target/debug/mainstay");
    if (!existsSync(binary)) {
      throw new Error(`There is no program at ${binary}. Build it with: cargo build --package mainstay`);
    }
    const folder = mkdtempSync(join(tmpdir(), "mainstay-browser-"));
    const port = process.env.MAINSTAY_TEST_PORT ?? String(await freePort());
    const child = spawn(binary, ["demo", "--no-fault", "--listen", `127.0.0.1:${port}`, "--keep", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (said += text));
    const description = join(folder, "fleet.json");
    const address = `http://127.0.0.1:${port}`;
    try {
      await until("the demo serves its dashboard", 60_000, async () => {
        if (child.exitCode !== null) throw new Error(`The demo ended at once:\n${said}`);
        const answer = await fetch(`${address}/ready`).catch(() => undefined);
        return answer?.ok && existsSync(description) ? true : undefined;
      });
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${error}\n${said}`);
    }
    const fleet = JSON.parse(readFileSync(description, "utf8"));
    return new Demo(address, child, folder, { url: fleet.control_url, token: fleet.control_token });
  }

  async stop() {
    if (this.process.exitCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill("SIGTERM");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async arrange(method: "PUT" | "DELETE", path: string) {
    const answer = await fetch(`${this.control.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.control.token}` },
    });
    if (!answer.ok) throw new Error(`The demo refused ${method} ${path}: ${await answer.text()}`);
  }

  break(service: string, cause: string) {
    return this.arrange("PUT", `/services/${service}/causes/${cause}`);
  }

  mend(service: string) {
    return this.arrange("DELETE", `/services/${service}/causes`);
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.address}/api/v1${path}`);
    if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async states(): Promise<State[]> {
    return (await this.get<{ items: State[] }>("/service-states?limit=1000")).items;
  }

  async allUp() {
    await until("all services are up", 90_000, async () => {
      const states = await this.states();
      return states.length > 0 && states.every((each) => each.state === "up") ? true : undefined;
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

async function listen(server: Server): Promise<AddressInfo> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address() as AddressInfo;
}

/** Somebody's webhook receiver: accepts everything and keeps what it got. */
export class Receiver {
  readonly got: { headers: Record<string, unknown>; body: string }[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(): Promise<Receiver> {
    const server = createServer((request, answer) => {
      let body = "";
      request.on("data", (text) => (body += text));
      request.on("end", () => {
        receiver.got.push({ headers: request.headers, body });
        answer.writeHead(204).end();
      });
    });
    const { port } = await listen(server);
    const receiver = new Receiver(server, `http://127.0.0.1:${port}/hook`);
    return receiver;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
