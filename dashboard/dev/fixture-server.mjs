// A stand-in for the Mainstay server, for developing the dashboard and for its browser tests only. It serves `dist`
// with the same content security policy as the real one, and answers the interface from made-up data.
//
//   node dev/fixture-server.mjs [--port 8000] [--mode full|down|empty|broken|large|young] [--site dist]
//
// A cookie `fixture=<mode>` or `fixture=<mode>_<name of an own world>` chooses the mode per browser. POST /__fixture/fail and /__fixture/heal make a service fail
// and recover before the eyes of everybody who watches.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { edgesOf, id, iso, manyServices, statesOf, stripOf, tenServices } from "./fixtures/fleet.mjs";
import { importOf } from "./fixtures/imports.mjs";
import { workOf, workRoutes } from "./fixtures/operate.mjs";
import {
  alertsOf,
  burnDownOf,
  deliveriesOf,
  deliveryDetail,
  slosOf,
  timelineOf,
  webhook,
  webhooksOf,
} from "./fixtures/promise.mjs";
import { checksOf, historyOf, probe, probesOf, trendOf } from "./fixtures/watch.mjs";

const argument = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const port = Number(argument("port", "8000"));
const usual = argument("mode", "full");
const dist = resolve(argument("site", fileURLToPath(new URL("../dist", import.meta.url))));

const MINUTE = 60_000;

const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

class Refusal extends Error {
  constructor(status, code, title, detail) {
    super(detail);
    Object.assign(this, { status, code, title, detail });
  }
}

/** Everything one mode knows. Made once, then changed by requests, so that actions have consequences. */
function world(mode) {
  const now = Date.now();
  const services = mode === "empty" ? [] : mode === "large" ? manyServices(10_000, now) : tenServices(now);
  const downAt = now - 130_000;
  const down = new Map();
  if (mode === "down") down.set("execution", downAt);
  if (mode === "large") for (const at of [420, 1777, 5005]) down.set(services[at].name, downAt - at * 100);
  const states = statesOf(services, down, now);
  // Three minutes after the first import there is next to nothing to show, and that must be shown well.
  const began = now - (mode === "young" ? 3 * MINUTE : 40 * 86_400_000);
  for (const each of services) each.created_at = iso(began);
  if (mode === "young") for (const each of states) each.since = iso(began + 2000);
  const slos = mode === "empty" ? [] : slosOf(services, mode === "down", now, began);
  const alerts = mode === "empty" ? [] : alertsOf(states, slos, downAt, now);
  const webhooks = mode === "empty" ? [] : webhooksOf(now);
  return {
    mode,
    began,
    services,
    states,
    slos,
    alerts,
    webhooks,
    checks: checksOf(services, states, now),
    deliveries: mode === "empty" ? [] : deliveriesOf(webhooks, alerts, now),
    imports: mode === "empty" ? [] : [importOf(now, false)],
    silences: [],
    maintenance:
      mode === "empty"
        ? []
        : [
            {
              id: id(),
              service: "analyze",
              reason: "moving the report store",
              starts_at: iso(now + 55 * MINUTE),
              ends_at: iso(now + 115 * MINUTE),
            },
            {
              id: id(),
              service: null,
              reason: "network change in the east hall",
              starts_at: iso(now - 50 * 60 * MINUTE),
              ends_at: iso(now - 49 * 60 * MINUTE),
            },
          ],
    work: workOf(mode, now),
    listeners: new Set(),
  };
}

const worlds = new Map();
/** `down_mine` is a world in the mode `down` that nobody else changes. */
function worldOf(name) {
  if (!worlds.has(name)) worlds.set(name, world(name.split("_")[0]));
  return worlds.get(name);
}

const one = (list, key, value, what) => {
  const found = list.find((each) => each[key] === value);
  if (!found) {
    throw new Refusal(
      404,
      `${what}-not-found`,
      `There is no such ${what}`,
      `No ${what} is known as ${value}. It may have been removed; go back to the list.`,
    );
  }
  return found;
};

const page = (items, query) => {
  const limit = Math.min(10_000, Number(query.get("limit") ?? 100));
  const from = Number(query.get("cursor") ?? 0);
  const next = from + limit < items.length ? String(from + limit) : null;
  return { items: items.slice(from, from + limit), next_cursor: next };
};

function announce(w, topic, data) {
  for (const listener of w.listeners) listener.write(`event: ${topic}\ndata: ${JSON.stringify(data)}\n\n`);
}

const by = (name) => (each) => !name || each.service === name;

/** A check whose last probe is not older than its interval. */
function fresh(check) {
  if (Date.now() - Date.parse(check.last.at) > check.interval_ms) {
    check.last = probe(check.service, check.state !== "down", Date.now() - 1000 - Math.random() * 12_000);
  }
  return check;
}

/** Method, pattern, answer. `:x` in a pattern is handed to the answer. */
const routes = [
  [
    "GET",
    "/api/v1/meta",
    (w) => ({
      version: "0.1.0",
      started_at: iso(Date.now() - 3 * 86_400_000),
      database: "sqlite",
      environment: "production",
      environments: ["production", "staging"],
      demo: w.mode !== "large",
      first_service_at: w.services.length === 0 ? null : iso(w.began),
      counts: {
        services: w.services.length,
        checks: w.checks.length,
        slos: w.slos.length,
        open_alerts: w.alerts.filter((each) => each.state === "open").length,
      },
    }),
  ],
  [
    "GET",
    "/api/v1/admin/tasks",
    () => ({
      items: [
        "probe-scheduler",
        "probe-flush",
        "rollups",
        "budget-ledger",
        "webhook-delivery",
        "heartbeat",
        "retention",
      ].map((name, at) => ({
        name,
        state: at % 3 === 2 ? "idle" : "running",
        started_at: iso(Date.now() - 3 * 86_400_000),
        last_run_at: iso(Date.now() - at * 1700),
        last_error: name === "heartbeat" ? "no heartbeat address is configured" : null,
        runs: 18_000 + at * 311,
        detail: name === "probe-scheduler" ? "20 checks, none late" : null,
      })),
      next_cursor: null,
    }),
  ],
  ["GET", "/api/v1/services", (w, { query }) => page(w.services, query)],
  ["GET", "/api/v1/services/:name", (w, { name }) => one(w.services, "name", name, "service")],
  [
    "GET",
    "/api/v1/services/:name/facts",
    (w, { name }) => {
      const service = one(w.services, "name", name, "service");
      const compose = { kind: "compose", file: "examples/demo/compose.yml", line: 41, version: null };
      const person = { kind: "person", file: null, line: null, version: null };
      const fact = (field, value, source, wins = true, superseded = false) => ({
        service: name,
        field,
        value,
        source,
        wins,
        superseded,
      });
      return {
        items: [
          fact("owner", service.owner, person),
          fact("owner", "fleet", service.source, false),
          fact("tier", service.tier, {
            kind: "mainstay",
            file: "examples/demo/mainstay.yaml",
            line: 12,
            version: null,
          }),
          fact("port", 8004, service.source),
          fact("port", 8006, { ...service.source, version: "1.0", line: 33 }, false, true),
          fact("port", 8005, compose, false),
          fact("health_url", service.endpoints[1].url, service.source),
          ...service.dependencies.slice(0, 3).map((each) => fact("dependency", each.service, service.source)),
        ],
        next_cursor: null,
      };
    },
  ],
  [
    "GET",
    "/api/v1/dependencies",
    (w) => ({ edges: edgesOf(w.services), cycles: w.mode === "large" ? [] : [["main", "monitor"]] }),
  ],
  ["GET", "/api/v1/service-states", (w, { query }) => page(w.states, query)],
  [
    "GET",
    "/api/v1/strips",
    (w, { query }) =>
      page(
        w.states.map((each) => ({
          service: each.service,
          slots: stripOf(each, Number(query.get("hours") ?? 24), Number(query.get("slots") ?? 48), w.began),
        })),
        query,
      ),
  ],
  [
    "GET",
    "/api/v1/services/:name/strip",
    (w, { name, query }) => {
      const hours = Number(query.get("hours") ?? 24);
      const slots = Number(query.get("slots") ?? 96);
      const state = one(w.states, "service", name, "service");
      return {
        from: iso(Date.now() - hours * 3_600_000),
        slot_s: (hours * 3600) / slots,
        slots: stripOf(state, hours, slots, w.began),
      };
    },
  ],
  [
    "GET",
    "/api/v1/trends",
    (w, { query }) => {
      const named = new Set((query.get("service") ?? "").split(","));
      const [hours, slots] = [Number(query.get("hours") ?? 24), Number(query.get("slots") ?? 24)];
      return page(
        w.states.filter((each) => named.has(each.service)).map((each) => trendOf(each, hours, slots, w.began)),
        query,
      );
    },
  ],
  ["GET", "/api/v1/checks", (w, { query }) => page(w.checks.map(fresh).filter(by(query.get("service"))), query)],
  ["GET", "/api/v1/checks/:id", (w, { id: key }) => one(w.checks, "id", key, "check")],
  [
    "POST",
    "/api/v1/checks/:id/run",
    (w, { id: key }) => {
      const check = one(w.checks, "id", key, "check");
      check.last = probe(check.service, check.state !== "down", Date.now(), "manual");
      return check.last;
    },
  ],
  [
    "POST",
    "/api/v1/checks/:id/pause",
    (w, { id: key }) => Object.assign(one(w.checks, "id", key, "check"), { paused: true, state: "paused" }),
  ],
  [
    "POST",
    "/api/v1/checks/:id/resume",
    (w, { id: key }) => {
      const check = one(w.checks, "id", key, "check");
      return Object.assign(check, { paused: false, state: check.last?.ok ? "up" : "down" });
    },
  ],
  [
    "GET",
    "/api/v1/checks/:id/probes",
    (w, { id: key, query }) => ({
      items: probesOf(
        one(w.checks, "id", key, "check"),
        query.get("outcome"),
        Number(query.get("limit") ?? 50),
        Date.now(),
      ),
      next_cursor: null,
    }),
  ],
  [
    "GET",
    "/api/v1/checks/:id/history",
    (w, { id: key, query }) =>
      historyOf(one(w.checks, "id", key, "check"), Date.parse(query.get("from")), Date.parse(query.get("to")), w.began),
  ],
  ["GET", "/api/v1/maintenance", (w, { query }) => page(w.maintenance, query)],
  [
    "POST",
    "/api/v1/maintenance",
    (w, { body }) => {
      const made = { id: id(), ...body };
      w.maintenance.unshift(made);
      return made;
    },
  ],
  [
    "DELETE",
    "/api/v1/maintenance/:id",
    (w, { id: key }) => {
      w.maintenance = w.maintenance.filter((each) => each.id !== key);
    },
  ],
  ["GET", "/api/v1/slos", (w, { query }) => page(w.slos.filter(by(query.get("service"))), query)],
  ["GET", "/api/v1/slos/:id", (w, { id: key }) => one(w.slos, "id", key, "objective")],
  [
    "GET",
    "/api/v1/slos/:id/burn-down",
    (w, { id: key, query }) => {
      const slo = one(w.slos, "id", key, "objective");
      const to = Date.parse(query.get("to") ?? slo.budget.window_to);
      return burnDownOf(slo, Date.parse(query.get("from") ?? slo.budget.window_from), to, 300, w.began);
    },
  ],
  [
    "GET",
    "/api/v1/alerts",
    (w, { query }) => {
      const state = query.get("state");
      const belongs = (each) =>
        !state || (state === "folded" ? each.state === "open" && each.folded_under !== null : each.state === state);
      return page(w.alerts.filter(belongs).filter(by(query.get("service"))), query);
    },
  ],
  [
    "GET",
    "/api/v1/alerts/:id",
    (w, { id: key }) => {
      const alert = one(w.alerts, "id", key, "alert");
      return { ...alert, timeline: timelineOf(alert) };
    },
  ],
  [
    "POST",
    "/api/v1/alerts/:id/acknowledge",
    (w, { id: key, body }) => {
      const alert = Object.assign(one(w.alerts, "id", key, "alert"), {
        acknowledged_at: iso(Date.now()),
        acknowledged_by: body.by,
      });
      announce(w, "alert", alert);
      return alert;
    },
  ],
  [
    "POST",
    "/api/v1/alerts/:id/unacknowledge",
    (w, { id: key }) => {
      const alert = Object.assign(one(w.alerts, "id", key, "alert"), { acknowledged_at: null, acknowledged_by: null });
      announce(w, "alert", alert);
      return alert;
    },
  ],
  ["GET", "/api/v1/silences", (w, { query }) => page(w.silences, query)],
  [
    "POST",
    "/api/v1/silences",
    (w, { body }) => {
      const made = { id: id(), ...body };
      w.silences.unshift(made);
      return made;
    },
  ],
  [
    "DELETE",
    "/api/v1/silences/:id",
    (w, { id: key }) => {
      w.silences = w.silences.filter((each) => each.id !== key);
    },
  ],
  ["GET", "/api/v1/webhooks", (w, { query }) => page(w.webhooks, query)],
  [
    "POST",
    "/api/v1/webhooks",
    (w, { body }) => {
      const made = webhook(body.name, body.url, body.format, Date.now());
      w.webhooks.push(made);
      return { ...made, secret: "whsec_c2VjcmV0LW9mLWEtZml4dHVyZS1zZXJ2ZXI=" };
    },
  ],
  [
    "DELETE",
    "/api/v1/webhooks/:id",
    (w, { id: key }) => {
      w.webhooks = w.webhooks.filter((each) => each.id !== key);
    },
  ],
  [
    "POST",
    "/api/v1/webhooks/:id/test",
    (w, { id: key }) => {
      const hook = one(w.webhooks, "id", key, "webhook");
      const made = {
        id: id(),
        webhook_id: hook.id,
        webhook_name: hook.name,
        alert_id: null,
        event: "test",
        status: "delivered",
        attempts: 1,
        next_attempt_at: null,
        created_at: iso(Date.now()),
        delivered_at: iso(Date.now() + 12),
        last_error: null,
      };
      w.deliveries.unshift(made);
      return made;
    },
  ],
  [
    "GET",
    "/api/v1/deliveries",
    (w, { query }) => {
      const hook = query.get("webhook_id");
      const status = query.get("status");
      return page(
        w.deliveries.filter((each) => (!hook || each.webhook_id === hook) && (!status || each.status === status)),
        query,
      );
    },
  ],
  ["GET", "/api/v1/deliveries/:id", (w, { id: key }) => deliveryDetail(one(w.deliveries, "id", key, "delivery"))],
  [
    "POST",
    "/api/v1/deliveries/:id/redeliver",
    (w, { id: key }) => Object.assign(one(w.deliveries, "id", key, "delivery"), { status: "pending" }),
  ],
  ["GET", "/api/v1/imports", (w, { query }) => page(w.imports, query)],
  ["GET", "/api/v1/imports/:id", (w, { id: key }) => one(w.imports, "id", key, "import")],
  [
    "POST",
    "/api/v1/imports",
    (w, { body }) => {
      const made = importOf(Date.now(), body.dry_run);
      const accepted = new Set(body.accept ?? []);
      made.findings = made.findings.filter((each) => !accepted.has(each.id));
      // As the real one does: what was left out is listed among the files, with its kind.
      const status = { unreadable: "failed", folder: "recognised", special: "recognised" };
      for (const { path, kind, note } of body.left_out ?? [])
        made.files.push({ path, kind, status: status[kind] ?? "unknown", note, services: 0 });
      if (!body.dry_run) w.imports.unshift(made);
      return made;
    },
  ],
  ...workRoutes({ one, page, Refusal }),
  // Only for tests and demonstrations: make execution fail, or heal it, for everybody who watches.
  ["POST", "/__fixture/fail", (w) => change(w, new Map([["execution", Date.now()]]))],
  ["POST", "/__fixture/heal", (w) => change(w, new Map())],
].map(([method, pattern, answer]) => ({
  method,
  answer,
  regex: new RegExp(`^${pattern.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
}));

function change(w, down) {
  const before = new Map(w.states.map((each) => [each.service, each.state]));
  const next = statesOf(w.services, down, Date.now());
  w.states = next.map((each, at) =>
    each.state === before.get(each.service) ? w.states[at] : { ...each, since: iso(Date.now()) },
  );
  for (const each of w.states) if (each.state !== before.get(each.service)) announce(w, "service-state", each);
  return { changed: true };
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

function serveFile(path, response) {
  let file = join(dist, normalize(path).replace(/^(\.\.[/\\])+/, ""));
  if (path.endsWith("/") || !existsSync(file) || !extname(file)) file = join(dist, "index.html");
  if (!existsSync(file)) {
    response.writeHead(503).end("The dashboard is not built: npm run build");
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
    "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  createReadStream(file).pipe(response);
}

function send(response, status, body, type = "application/json") {
  response.writeHead(status, { "content-type": type, "x-request-id": `req-${id().slice(-6)}` });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function events(w, request, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write(": hello\n\n");
  w.listeners.add(response);
  let at = 0;
  const timer = setInterval(() => {
    const check = w.checks[at++ % Math.max(1, w.checks.length)];
    if (!check) {
      response.write(": still here\n\n");
      return;
    }
    const last = probe(check.service, check.state !== "down", Date.now());
    const { at: when, ok, duration_ms, failure } = last;
    response.write(
      `event: probe\ndata: ${JSON.stringify({ check_id: check.id, service: check.service, at: when, ok, duration_ms, failure })}\n\n`,
    );
  }, 1000);
  request.on("close", () => {
    clearInterval(timer);
    w.listeners.delete(response);
  });
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? undefined : JSON.parse(text);
}

createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://fixture");
  const mode = /(?:^|;\s*)fixture=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? usual;
  const own = url.pathname.startsWith("/api/") || url.pathname.startsWith("/__fixture/");
  if (!own) return serveFile(url.pathname, response);
  try {
    if (mode === "broken") {
      throw new Refusal(
        503,
        "database-unavailable",
        "The database does not answer",
        "Mainstay could not read what it keeps. It tries again by itself; look at the disk and the database, then try again.",
      );
    }
    const w = worldOf(mode);
    if (url.pathname === "/api/v1/events") return events(w, request, response);
    for (const route of routes) {
      const match = request.method === route.method && route.regex.exec(url.pathname);
      if (!match) continue;
      const parameters = Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]),
      );
      const body = request.method === "GET" ? undefined : await bodyOf(request);
      const answer = route.answer(w, { ...parameters, query: url.searchParams, body });
      return send(response, answer === undefined ? 204 : request.method === "POST" ? 201 : 200, answer);
    }
    throw new Refusal(404, "not-found", "There is no such address", `${url.pathname} is not part of the interface.`);
  } catch (error) {
    const known =
      error instanceof Refusal ? error : new Refusal(500, "internal", "Something went wrong", String(error));
    const { status, code, title, detail } = known;
    send(
      response,
      status,
      { type: "about:blank", title, status, code, detail, errors: [], request_id: `req-${id().slice(-6)}` },
      "application/problem+json",
    );
  }
}).listen(port, "127.0.0.1", () => {
  console.log(`fixtures (${usual}) at http://127.0.0.1:${port}/`);
});
