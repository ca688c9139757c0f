// The sentence over the page: how many do the work, how much of it there is, and what needs a person.
import { count, duration, plural, secondsBetween } from "@/shared/lib/format";
import { names, type Piece } from "@/shared/lib/sentence";
import type { Handler, Queue, Replica } from "./api";

/** Waits and lags shorter than this are how the work goes on. */
const LONG_S = 60;

export function operateSentence(replicas: Replica[], queues: Queue[], handlers: Handler[], now: number): Piece[] {
  return [
    whoWorks(replicas),
    ...whatIsToDo(queues, now),
    ...whatFailed(queues),
    ...whatLags(handlers),
    ...whatWasGivenUp(handlers),
  ];
}

function whoWorks(replicas: Replica[]): string {
  if (replicas.length === 0) return "No replica takes part at the moment.";
  if (replicas.length === 1) return "One replica does all of the work.";
  return `${plural(replicas.length, "replica")} share the work.`;
}

const sum = (queues: Queue[], state: keyof Queue["jobs"]) =>
  queues.reduce((total, queue) => total + queue.jobs[state], 0);

function whatIsToDo(queues: Queue[], now: number): Piece[] {
  const running = sum(queues, "running");
  const waiting = sum(queues, "waiting");
  if (running + waiting === 0) return [" No job runs or waits."];
  const runs = running === 0 ? "No job runs" : `${plural(running, "job")} ${running === 1 ? "runs" : "run"}`;
  const waits = waiting === 0 ? "none waits" : `${count(waiting)} ${waiting === 1 ? "waits" : "wait"}`;
  const pieces: Piece[] = [` ${runs} and ${waits}`];
  const late = Math.max(...queues.map((queue) => lateBy(queue, now)));
  if (late > LONG_S) pieces.push(", ", { text: `the oldest for ${duration(late)}`, tone: "warn" });
  return [...pieces, "."];
}

function lateBy(queue: Queue, now: number): number {
  return queue.oldest_waiting_at ? secondsBetween(queue.oldest_waiting_at, now) : 0;
}

function whatFailed(queues: Queue[]): Piece[] {
  const failed = sum(queues, "failed");
  if (failed === 0) return [];
  return [" ", { text: plural(failed, "job"), tone: "bad" }, " failed in the last week."];
}

function whatLags(handlers: Handler[]): Piece[] {
  const late = handlers.filter((each) => each.known && each.lag_s > LONG_S).sort((a, b) => b.lag_s - a.lag_s)[0];
  if (!late) return [];
  return [" ", { text: late.handler, tone: "warn" }, ` is ${duration(late.lag_s)} behind.`];
}

function whatWasGivenUp(handlers: Handler[]): Piece[] {
  const dead = handlers.filter((each) => each.dead > 0);
  const amount = dead.reduce((total, each) => total + each.dead, 0);
  if (amount === 0) return [];
  return [
    " ",
    { text: plural(amount, "event"), tone: "bad" },
    ` ${amount === 1 ? "was" : "were"} given up by `,
    ...names(dead.map((each) => each.handler)).map((piece) => (typeof piece === "string" ? piece : piece.text)),
    ".",
  ];
}
