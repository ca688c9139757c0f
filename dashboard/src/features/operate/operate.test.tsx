// @vitest-environment jsdom
import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { plain } from "@/shared/lib/sentence";
import { ago, NOW } from "../../../tests/builders";
import { answers, show } from "../../../tests/render";
import type { Handler, Job, Lease, ParkedEvent, Queue, Replica } from "./api";
import { operate } from "./api";
import { HandlerTable } from "./events/HandlerTable";
import { ParkedActions } from "./events/ParkedActions";
import { aboutParked } from "./events/ParkedRow";
import { JobActions } from "./jobs/JobActions";
import { aboutJob } from "./jobs/JobRow";
import { Progress } from "./jobs/Progress";
import { QueueTable } from "./jobs/QueueTable";
import { pictureOf } from "./replicas/picture";
import { cronInWords } from "./schedules/cron";
import { operateSentence } from "./sentence";

const aReplica = (id: string, roles: string[]): Replica => ({
  id,
  name: `${id}:8000`,
  roles,
  version: "0.1.0",
  started_at: ago(3600),
  seen_at: ago(1),
  leases: 0,
  answers: id === "a",
});

const aQueue = (jobs: Partial<Queue["jobs"]>, oldest: string | null = null): Queue => ({
  queue: "default",
  jobs: { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0, ...jobs },
  oldest_waiting_at: oldest,
});

const aHandler = (handler: string, given: Partial<Handler> = {}): Handler => ({
  handler,
  known: true,
  position: 9,
  behind: 0,
  lag_s: 0,
  handled: 9,
  waiting: 0,
  dead: 0,
  updated_at: ago(5),
  ...given,
});

const aJob = (given: Partial<Job> = {}): Job => ({
  id: "job-1",
  kind: "boat.paint",
  queue: "default",
  state: "waiting",
  attempt: 0,
  max_attempts: 10,
  run_at: ago(-120),
  created_at: ago(10),
  started_at: null,
  finished_at: null,
  replica: null,
  cancel_requested: false,
  progress: null,
  last_error: null,
  ...given,
});

const aParked = (given: Partial<ParkedEvent> = {}): ParkedEvent => ({
  handler: "log",
  position: 7,
  event_id: "e",
  topic: "harbour.moored",
  version: 1,
  key: "tug",
  state: "dead",
  attempts: 16,
  next_attempt_at: null,
  last_error: "it leaks",
  created_at: ago(60),
  parked_at: ago(60),
  payload: {},
  ...given,
});

const aLease = (name: string, role: string, holder: string | null): Lease => ({
  name,
  role,
  holder: holder === null ? null : { id: holder, name: `${holder}:8000` },
  token: 1,
  changed_at: ago(60),
});

describe("the sentence", () => {
  const said = (replicas: Replica[], queues: Queue[], handlers: Handler[]) =>
    plain(operateSentence(replicas, queues, handlers, NOW));
  const one = [aReplica("a", ["api"])];

  it("is short when nothing needs a person", () => {
    expect(said(one, [aQueue({ done: 9 })], [aHandler("log")])).toBe(
      "One replica does all of the work. No job runs or waits.",
    );
  });

  it("says what waits too long, what failed, who is behind and what was given up", () => {
    const queues = [aQueue({ running: 1, waiting: 2, failed: 1 }, ago(300))];
    const handlers = [aHandler("log", { lag_s: 125, dead: 2 }), aHandler("old", { known: false, lag_s: 9e6 })];
    expect(said([...one, aReplica("b", ["work"])], queues, handlers).replaceAll("\u202f", " ")).toBe(
      "2 replicas share the work. 1 job runs and 2 wait, the oldest for 5 min. 1 job failed in the last week. " +
        "log is 2 min 5 s behind. 2 events were given up by log.",
    );
  });

  it("does not call a job late whose time has not come", () => {
    expect(said(one, [aQueue({ waiting: 1 }, ago(-600))], [])).toBe(
      "One replica does all of the work. No job runs and 1 waits.",
    );
  });
});

describe("a job in the list", () => {
  it("says what matters where it stands", () => {
    const plainly = (job: Job) => aboutJob(job, NOW).replaceAll("\u202f", " ");
    expect(plainly(aJob())).toBe("due in 2 min, not begun yet");
    expect(plainly(aJob({ attempt: 2, last_error: "no paint" }))).toBe("due in 2 min, tried 2 times: no paint");
    expect(plainly(aJob({ state: "failed", last_error: "no paint" }))).toBe("no paint");
    expect(plainly(aJob({ state: "done", started_at: ago(9), finished_at: ago(4) }))).toBe("took 5 s");
  });

  it("shows how far it has come to those who do not see the bar", async () => {
    await show(<Progress job={aJob({ state: "running", progress: { done: 3, total: 9, text: null } })} />);
    const bar = screen.getByRole("progressbar", { name: "Progress of boat.paint" });
    expect([bar.getAttribute("aria-valuenow"), bar.getAttribute("aria-valuemax")]).toEqual(["3", "9"]);
    expect(screen.getByText("3 of 9")).toBeTruthy();
  });

  it("is cancelled only after it was asked, by name", async () => {
    const cancel = vi.spyOn(operate, "cancelJob").mockResolvedValue({ ...aJob({ state: "cancelled" }) } as never);
    await show(<JobActions job={aJob({ state: "running" })} />);
    fireEvent.click(screen.getByRole("button", { name: "Cancel boat.paint" }));
    expect(cancel).not.toHaveBeenCalled();
    expect(await screen.findByText("Cancel boat.paint?")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Cancel this job" }));
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledWith("job-1"));
  });

  it("offers what makes sense: nothing for one that ended well or is stopping", async () => {
    const { unmount } = await show(<JobActions job={aJob({ state: "done" })} />);
    expect(screen.queryByRole("button")).toBeNull();
    unmount();
    const stopping = await show(<JobActions job={aJob({ state: "running", cancel_requested: true })} />);
    expect(screen.queryByRole("button")).toBeNull();
    stopping.unmount();
    await show(<JobActions job={aJob({ state: "failed" })} />);
    expect(screen.getByRole("button", { name: "Run boat.paint again" })).toBeTruthy();
  });
});

describe("the queues", () => {
  it("lead from a count to its jobs, and a zero leads nowhere", async () => {
    const onPick = vi.fn();
    await show(<QueueTable queues={[aQueue({ failed: 3 })]} onPick={onPick} />);
    expect(screen.getAllByRole("button")).toHaveLength(1);
    fireEvent.click(screen.getByRole("button", { name: "Show the 3 failed jobs of default" }));
    expect(onPick).toHaveBeenCalledWith("default", "failed");
  });
});

describe("events that were put aside", () => {
  it("say why, and what they wait for", () => {
    expect(aboutParked(aParked(), NOW)).toBe("it leaks; tried 16 times");
    expect(aboutParked(aParked({ state: "waiting", attempts: 0, last_error: null }), NOW)).toBe(
      "waits behind another event of its key",
    );
  });

  it("are discarded only after it was asked", async () => {
    const discard = vi.spyOn(operate, "discard").mockResolvedValue(aParked());
    await show(<ParkedActions event={aParked()} />);
    fireEvent.click(screen.getByRole("button", { name: "Discard event 7 of log" }));
    expect(discard).not.toHaveBeenCalled();
    expect(await screen.findByText(/cannot be undone/)).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Discard this event" }));
    await vi.waitFor(() => expect(discard).toHaveBeenCalledWith("log", 7));
  });

  it("can be replayed together only where there are some", async () => {
    await show(<HandlerTable handlers={[aHandler("calm"), aHandler("log", { dead: 1 })]} />, answers());
    expect(screen.getAllByRole("button").map((each) => each.getAttribute("aria-label"))).toEqual([
      "Replay everything that log put aside",
    ]);
  });
});

describe("the picture of replicas", () => {
  it("gives each replica its leases, and names the roles that nobody has", () => {
    const replicas = [aReplica("a", ["watch"]), aReplica("b", ["work"])];
    const leases = [
      aLease("watch/00", "watch", "a"),
      aLease("watch/01", "watch", "a"),
      aLease("slo/alerts", "page", null),
      aLease("reconcile/tidy", "work", "gone"),
    ];
    const picture = pictureOf(replicas, leases);
    expect(picture.replicas.map(({ groups }) => groups.map((group) => [group.name, group.leases.length]))).toEqual([
      [["watch", 2]],
      [],
    ]);
    expect(picture.free.map((group) => group.name)).toEqual(["reconcile", "slo"]);
    expect(picture.missing).toEqual(["page"]);
  });
});

describe("a cron pattern", () => {
  it("is said in words when it is a common one, and never half understood", () => {
    expect(
      ["30 3 * * *", "0 8 * * 1", "5 9 * * 1-5", "*/15 * * * *", "0 * * * *", "7 * * * *", "0 0 1 * *"].map(
        cronInWords,
      ),
    ).toEqual([
      "every day at 03:30",
      "every Monday at 08:00",
      "Monday to Friday at 09:05",
      "every 15 minutes",
      "every hour",
      "every hour at 07 minutes",
      "on day 1 of each month at 00:00",
    ]);
    for (const other of ["*/15 8-18 * * 1-5", "0 3 * 2 *", "0 3 1 * 1", "0 3 * *", "0 3 * * MON"]) {
      expect(cronInWords(other)).toBeNull();
    }
  });
});
