// What the server says of its durable work. The shapes come straight from openapi.json.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { http, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import type { Page } from "@/shared/api/types";

type Document = components["schemas"];

export type Job = Document["JobBody"];
export type JobDetail = Document["JobDetail"];
export type JobState = Document["JobStateBody"];
export type Queue = Document["QueueBody"];
export type Schedule = Document["ScheduleBody"];
export type Handler = Document["HandlerBody"];
export type ParkedEvent = Document["ParkedEventBody"];
export type ParkedState = Document["ParkedStateBody"];
export type Replica = Document["ReplicaBody"];
export type Lease = Document["LeaseBody"];

export interface JobFilter {
  state?: JobState | undefined;
  kind?: string | undefined;
  queue?: string | undefined;
}

export interface ParkedFilter {
  handler?: string | undefined;
  state?: ParkedState | undefined;
}

/** A part of the work changes every few seconds, and nothing announces it. */
const POLL_MS = 2000;
const PAGE = 50;

const items = <T>(page: Promise<Page<T>>): Promise<T[]> => page.then((each) => each.items);
const id = (value: string) => ({ params: { path: { id: value } } });
const name = (value: string) => ({ params: { path: { name: value } } });
const parkedAt = (handler: string, position: number) => ({ params: { path: { handler, position } } });
const key = () => ({ headers: { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` } });

/** Query parameters, without those that are not set. */
const query = <Q extends Record<string, unknown>>(parameters: Q) => ({
  params: { query: Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)) as Q },
});

export const operate = {
  replicas: () => items<Replica>(unwrap(http.GET("/api/v1/admin/replicas", {}))),
  leases: () => items<Lease>(unwrap(http.GET("/api/v1/admin/leases", {}))),
  queues: () => items<Queue>(unwrap(http.GET("/api/v1/admin/queues", {}))),
  jobs: (filter: JobFilter, cursor: string | undefined) =>
    unwrap<Page<Job>>(http.GET("/api/v1/admin/jobs", query({ ...filter, cursor, limit: PAGE }))),
  job: (job: string) => unwrap<JobDetail>(http.GET("/api/v1/admin/jobs/{id}", id(job))),
  cancelJob: (job: string) => unwrap<JobDetail>(http.POST("/api/v1/admin/jobs/{id}/cancel", id(job))),
  runAgain: (job: string) => unwrap<JobDetail>(http.POST("/api/v1/admin/jobs/{id}/run-again", id(job))),
  schedules: () => items<Schedule>(unwrap(http.GET("/api/v1/admin/schedules", {}))),
  pause: (schedule: string) => unwrap<Schedule>(http.POST("/api/v1/admin/schedules/{name}/pause", name(schedule))),
  resume: (schedule: string) => unwrap<Schedule>(http.POST("/api/v1/admin/schedules/{name}/resume", name(schedule))),
  runNow: (schedule: string) =>
    unwrap<JobDetail>(http.POST("/api/v1/admin/schedules/{name}/run-now", { ...name(schedule), ...key() })),
  handlers: () => items<Handler>(unwrap(http.GET("/api/v1/admin/events/handlers", {}))),
  parked: (filter: ParkedFilter, cursor: string | undefined) =>
    unwrap<Page<ParkedEvent>>(http.GET("/api/v1/admin/events/parked", query({ ...filter, cursor, limit: PAGE }))),
  replay: (handler: string, position: number) =>
    unwrap<ParkedEvent>(
      http.POST("/api/v1/admin/events/parked/{handler}/{position}/replay", parkedAt(handler, position)),
    ),
  replayAll: (handler: string) =>
    unwrap<{ replayed: number }>(
      http.POST("/api/v1/admin/events/handlers/{handler}/replay", { params: { path: { handler } } }),
    ),
  discard: (handler: string, position: number) =>
    unwrap<ParkedEvent>(
      http.POST("/api/v1/admin/events/parked/{handler}/{position}/discard", parkedAt(handler, position)),
    ),
};

/** First parts of the keys under which answers are kept. */
export const touched = {
  jobs: ["operate-jobs", "operate-job", "operate-queues", "operate-schedules"],
  events: ["operate-parked", "operate-handlers"],
};

const refetchInterval = POLL_MS;

export const keys = {
  replicas: ["operate-replicas"] as const,
  leases: ["operate-leases"] as const,
  queues: ["operate-queues"] as const,
  jobs: (filter: JobFilter) => ["operate-jobs", filter] as const,
  job: (job: string) => ["operate-job", job] as const,
  schedules: ["operate-schedules"] as const,
  handlers: ["operate-handlers"] as const,
  parked: (filter: ParkedFilter) => ["operate-parked", filter] as const,
};

export const q = {
  replicas: () => queryOptions({ queryKey: keys.replicas, queryFn: operate.replicas, refetchInterval }),
  leases: () => queryOptions({ queryKey: keys.leases, queryFn: operate.leases, refetchInterval }),
  queues: () => queryOptions({ queryKey: keys.queues, queryFn: operate.queues, refetchInterval }),
  jobs: (filter: JobFilter) =>
    infiniteQueryOptions({
      queryKey: keys.jobs(filter),
      queryFn: ({ pageParam }) => operate.jobs(filter, pageParam),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next_cursor ?? undefined,
      refetchInterval,
    }),
  job: (job: string) => queryOptions({ queryKey: keys.job(job), queryFn: () => operate.job(job), refetchInterval }),
  schedules: () => queryOptions({ queryKey: keys.schedules, queryFn: operate.schedules, refetchInterval }),
  handlers: () => queryOptions({ queryKey: keys.handlers, queryFn: operate.handlers, refetchInterval }),
  parked: (filter: ParkedFilter) =>
    infiniteQueryOptions({
      queryKey: keys.parked(filter),
      queryFn: ({ pageParam }) => operate.parked(filter, pageParam),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next_cursor ?? undefined,
      refetchInterval,
    }),
};
