// How jobs stand at one heavy node: views to show while they go on, and no proof of anything.

import { Place } from "./json.js";
import { type Ending, endingWords, readEnding } from "./receipt.js";

const STATES = ["waiting", "running", "done", "failed", "refused", "cancelled"] as const;
/** How far a job has come. *done* is exit code 0; *failed* an ending that its nodes agree about and is no success. */
export type JobState = (typeof STATES)[number];

/** A node that is running a job. */
export interface Lease {
  /** Which. */
  readonly node: string;
  /** What it runs in; left out where it is not connected now. */
  readonly kind?: string;
  /** Until when it keeps it. */
  readonly until: Date;
}

/** A job as a heavy node shows it to anyone. */
export interface JobStatus {
  /** Its id: the content id of its manifest. */
  readonly id: string;
  /** What it does. */
  readonly name: string;
  /** Who submitted it. */
  readonly submitter: string;
  /** How far it has come. */
  readonly state: JobState;
  /** Whether nothing more comes of it. */
  readonly isEnded: boolean;
  /** When the heavy node took it. */
  readonly submitted: Date;
  /** When it is given up. */
  readonly deadline: Date;
  /** When it ended. */
  readonly ended?: Date;
  /** How many nodes run it. */
  readonly replicas: number;
  /** Who runs it now. */
  readonly leases: readonly Lease[];
  /** Why it is not running, while it waits. */
  readonly why?: string;
  /** What its nodes agree about, once they do; streams by content id. */
  readonly result?: { readonly ending: Ending; readonly stdout: string; readonly stderr: string; readonly fuel: number; readonly judged: boolean };
  /** Receipts that the heavy node has for it. */
  readonly receipts: number;
  /** Why it gives no result. */
  readonly refusal?: { readonly code: string; readonly words: string };
}

/**
 * Reads a heavy node's view of a job. Views gain members over time: what is unknown here is left alone.
 *
 * @throws DocumentError it is none.
 */
export function readStatus(value: unknown): JobStatus {
  const view = new Place(value, "", "not a job as a heavy node shows it").open();
  const has = (name: string) => view[name] !== undefined && view[name].value !== null;
  const at = (name: string) => view[name] ?? new Place(undefined, name, "not a job as a heavy node shows it");
  const state = STATES.find((each) => each === at("state").value) ?? at("state").wrong("is unknown");
  const count = (place: Place) => place.integer(0, Number.MAX_SAFE_INTEGER);
  const result = has("result") ? at("result").open() : undefined;
  const refusal = has("refusal") ? at("refusal").open() : undefined;
  const member = (members: Record<string, Place>, name: string, of: string) => members[name] ?? at(of).wrong(`has no \`${name}\``);
  return {
    id: at("id").text(),
    name: at("name").text(),
    submitter: at("submitter").text(),
    state,
    isEnded: state !== "waiting" && state !== "running",
    submitted: at("submitted").moment(),
    deadline: at("deadline").moment(),
    ...(has("ended") ? { ended: at("ended").moment() } : {}),
    replicas: has("replicas") ? count(at("replicas")) : 1,
    leases: (has("leases") ? at("leases").list() : []).map((lease): Lease => {
      const members = lease.open();
      const kind = members["kind"]?.value;
      return {
        node: member(members, "node", "leases").text(),
        ...(typeof kind === "string" ? { kind } : {}),
        until: member(members, "until", "leases").moment(),
      };
    }),
    ...(has("why") ? { why: at("why").text() } : {}),
    ...(result
      ? {
          result: {
            ending: readEnding(member(result, "ending", "result")),
            stdout: member(result, "stdout", "result").text(),
            stderr: member(result, "stderr", "result").text(),
            fuel: count(member(result, "fuel", "result")),
            judged: result["judged"]?.value === true,
          },
        }
      : {}),
    receipts: has("receipts") ? count(at("receipts")) : 0,
    ...(refusal ? { refusal: { code: member(refusal, "code", "refusal").text(), words: member(refusal, "words", "refusal").text() } } : {}),
  };
}

/** Why a job is not running, as its heavy node knows. */
export interface Why {
  /** The reason in words. */
  readonly words: string;
  /** Whether no node that is here can run it. */
  readonly stuck: boolean;
  /** What keeps each node that is here from it. */
  readonly nodes: readonly { readonly node: string; readonly words: string }[];
}

/** Reads a heavy node's reasons. */
export function readWhy(value: unknown): Why {
  const root = new Place(value, "", "not the reasons that a heavy node gives");
  const { words, stuck, nodes } = root.open();
  const text = (place?: Place) => place?.text() ?? root.wrong("has no words");
  const each = (place: Place) => {
    const { node, words } = place.open();
    return { node: text(node), words: text(words) };
  };
  return { words: text(words), stuck: stuck?.value === true, nodes: nodes?.list().map(each) ?? [] };
}

/** A job's state in words. */
export function statusWords(status: JobStatus): string {
  if (status.refusal) return `${status.state}: ${status.refusal.words}`;
  if (status.state === "waiting" && status.why) return `waiting: ${status.why}`;
  if (status.state === "running") return `running on ${status.leases.length} of ${status.replicas}`;
  if (status.state === "failed" && status.result) return `failed: ${endingWords(status.result.ending)}`;
  return status.state;
}

/** How an array's jobs stand. */
export interface ArrayStatus {
  /** The jobs, in the order in which they were given; without the one that reduces them. */
  readonly jobs: readonly JobStatus[];
  /** The one that reduces them. */
  readonly reduce?: JobStatus;
  /** How many of the jobs are in each state. */
  readonly counts: Readonly<Record<JobState, number>>;
  /** Whether nothing more comes of any. */
  readonly isEnded: boolean;
}

/** How many of these jobs stand how. */
export function arrayStatus(jobs: readonly JobStatus[], reduce?: JobStatus): ArrayStatus {
  const counts = Object.fromEntries(STATES.map((state) => [state, jobs.filter((job) => job.state === state).length]));
  const isEnded = jobs.every((job) => job.isEnded) && (reduce?.isEnded ?? true);
  return { jobs, ...(reduce ? { reduce } : {}), counts: counts as Record<JobState, number>, isEnded };
}

/** An array's state in words. */
export function arrayWords({ jobs, counts }: ArrayStatus): string {
  const rest = STATES.filter((state) => state !== "done" && counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  return [`${counts.done} of ${jobs.length} done`, ...rest].join(", ");
}
