// What can go wrong, one class for each thing that a caller would do differently.

import type { JobResult } from "./job.js";
import type { JobStatus } from "./status.js";

/** The base of all errors of this package. */
export class FormixError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** Some bytes are not a document of the kind that was expected. */
export class DocumentError extends FormixError {}

/** A document is well-formed, and does not prove what it should. */
export class VerificationError extends FormixError {}

/** An identity cannot be read, made or kept. */
export class IdentityError extends FormixError {}

/** A job is not acceptable; found before it was sent, or by a heavy node. The words name the field of the manifest. */
export class InvalidJob extends FormixError {}

/** A heavy node does not answer, or does not answer like one. */
export class Unreachable extends FormixError {
  constructor(
    readonly url: string,
    readonly why: string,
  ) {
    super(`${url}: ${why}`);
  }
}

/** A heavy node answered with a problem document (RFC 9457). */
export class ProblemError extends FormixError {
  constructor(
    readonly url: string,
    /** The HTTP status. */
    readonly status: number,
    /** The node's words. */
    readonly detail: string,
    /** Milliseconds after which the node wants to be asked again, where it says so. */
    readonly retryAfter?: number,
  ) {
    super(`${url}: ${status}: ${detail}`);
  }
}

/** The heavy node knows no such job. */
export class UnknownJob extends ProblemError {}

/** There is no result yet. The job goes on; ask again later. */
export class ResultTimeout extends FormixError {}

/** A job ended without a result: it was refused, or cancelled. */
export class JobEnded extends FormixError {
  constructor(
    /** How it stands at the heavy node. */
    readonly status: JobStatus,
    words: string,
  ) {
    super(`job ${status.id}: ${words}`);
  }
}

/** A job's guest failed, as its nodes' receipts say. */
export class JobFailed extends FormixError {
  constructor(
    /** How it ended, what it wrote, and the verified receipts. */
    readonly result: JobResult,
    words: string,
  ) {
    super(`job ${result.job} failed: ${words}`);
  }
}

/** Whether asking again may help: nobody answered, or one that is too busy, about to stop, or further with an upload. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ProblemError) return [408, 409, 429].includes(error.status) || error.status >= 500;
  return error instanceof Unreachable || error instanceof DocumentError;
}
