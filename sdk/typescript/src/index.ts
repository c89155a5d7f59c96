/**
 * Submit WASM jobs to a Formix network, follow them, and verify every receipt yourself. Runs in pages and in Node.
 *
 * @packageDocumentation
 */

export { contentId } from "./bytes.js";
export { type ArraySubmission, Client, type ClientOptions, type Input, type Item, type Module, NETWORK, type Submission } from "./client.js";
export { Envelope, type EnvelopeJson, type Signature } from "./documents.js";
export {
  DocumentError,
  FormixError,
  IdentityError,
  InvalidJob,
  JobEnded,
  JobFailed,
  ProblemError,
  ResultTimeout,
  UnknownJob,
  Unreachable,
  VerificationError,
} from "./errors.js";
export { Identity } from "./identity.js";
export { Job, JobArray, type JobResult, type Waiting } from "./job.js";
export { type Blob, type Invocation, type JobOptions, type Kind, type Limits, type Manifest, type Quorum } from "./manifest.js";
export { type Against, type Document, type Ending, endingWords, type Failure, type Receipt, verifyReceipt } from "./receipt.js";
export { type ArrayStatus, arrayWords, type JobState, type JobStatus, type Lease, statusWords, type Why } from "./status.js";
