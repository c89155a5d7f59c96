//! Names by which tests find elements of the page: the values of `data-testid`. They stay as they are when
//! words and looks change.
//!
//! | Name | Element | State that it carries |
//! |---|---|---|
//! | [`STATUS`] | connection, in the header | `data-up`: heavy nodes connected |
//! | [`BANNER`] | a message above every view | `data-kind`: `other-tab`, `storage-refused`, `failed`, `storage`, `not-pinned`, `network` |
//! | [`TRUST_NEW`], [`TRUST_NEW_CONFIRM`] | trust the host's new heavy nodes | |
//! | [`THEME`] | switches between light and dark | `data-theme-now` |
//! | [`NAV`] | each link of the navigation | `data-view` |
//! | [`JOIN`], [`LEAVE`] | joins, leaves the network | |
//! | [`NODE_STATE`] | the dashboard's line on connections | `data-up` |
//! | [`WAITING`] | a waiting computation on the dashboard | `data-id` |
//! | [`FILE`], [`DATASET_NAME`], [`IMPORT`], [`IMPORT_ERROR`] | adds a file to the data | |
//! | [`DATASET`] | one data set | `data-name`, `data-rows`, `data-unfit` |
//! | [`ROWS`], [`ROWS_NEXT`], [`ROWS_PREVIOUS`], [`ROWS_RANGE`] | a data set's table and its paging | |
//! | [`RECORD`] | a record in it | `data-row`, `data-fits` |
//! | [`ONLY_UNFIT`] | shows only records that do not fit the schema | |
//! | [`RECORD_EDIT`], [`RECORD_ADD`] | opens a record, or an empty one | |
//! | [`RECORD_TEXT`], [`RECORD_SAVE`], [`RECORD_REMOVE`], [`RECORD_ERROR`] | the record that is open | |
//! | [`SCHEMA`], [`SCHEMA_TEXT`], [`SCHEMA_SAVE`], [`SCHEMA_DROP`], [`SCHEMA_ERROR`] | a data set's schema | `data-given` |
//! | [`REMOVE`], [`REMOVE_CONFIRM`] | deletes a data set | |
//! | [`FIELD`] | one input of the proposal, by `data-field` | |
//! | [`FIELD_ERROR`] | what is wrong with it, by `data-field` | |
//! | [`TEMPLATE`] | a kind of question, by `data-template` | |
//! | [`SCHEME`] | a scheme, by `data-scheme` | |
//! | [`PREVIEW`] | the proposal in one sentence | |
//! | [`OWN`], [`COST`], [`ROUNDING`] | this node's own answer, an answer's cost, how exact the result is | |
//! | [`COPY_LINK`] | copies an address that fills in the same form | |
//! | [`PROPOSE`], [`PROPOSE_ERROR`] | sends the proposal | |
//! | [`COMPUTATION`] | a computation in a list | `data-id`, `data-phase` |
//! | [`DETAIL`] | the view of one computation | `data-id`, `data-phase` |
//! | [`LEAVES`] | what leaves the device | |
//! | [`APPROVE`], [`DECLINE`], [`ALWAYS`] | answers | |
//! | [`ANSWER_ERROR`] | why an answer was not taken | |
//! | [`ANSWERS`] | answers so far | `data-answers`, `data-needed` |
//! | [`COUNTDOWN`] | time to the deadline | |
//! | [`SHARES`] | heavy nodes that hold this node's share | `data-held` |
//! | [`FIGURE`] | a number of the result, by `data-figure`: its name in the answer's JSON | |
//! | [`SET`] | the digest of the agreed set | |
//! | [`EQUATION`], [`DOUBT`] | a line's equation; what cannot be right | |
//! | [`REJECTED`] | answers that were left out | `data-rejected` |
//! | [`SAVE_CSV`], [`SAVE_JSON`] | saves the numbers | |
//! | [`AGAIN`] | proposes the same again | |
//! | [`ACCUSED`], [`EVIDENCE`] | a heavy node that lied, and what checking the evidence in this page gave; saves the evidence | `data-heavy`, `data-checked` |
//! | [`GRAPH_FILE`], [`GRAPH_EXAMPLE`] | chooses a graph; takes one that is here, by `data-example` | |
//! | [`GRAPH_FIELD`], [`GRAPH_AGAIN`] | an input of how it is ranked, by `data-field`; ranks it again | |
//! | [`GRAPH_STATE`], [`GRAPH_STOP`], [`GRAPH_ERROR`] | how far it is; stops it; why there is nothing | `data-state`: `idle`, `starting`, `reading`, `arranging`, `ranking`, `done`, `refused` |
//! | [`GRAPH_OUTCOME`], [`GRAPH_DEVICE`], [`GRAPH_NO_GPU`] | what came of it, what computed it, why no GPU did | `data-digest`, `data-gpu`, `data-rounds`, `data-converged` |
//! | [`GRAPH_NODE`] | a node of the table | `data-node`, `data-units` |
//! | [`GRAPH_DRAWING`], [`GRAPH_CHOSEN`] | the drawing; what is said of the node that is looked at | `data-nodes`, `data-edges`, `data-settled` |
//! | [`MACHINE_FIELD`], [`MACHINE_TEXT`] | an input of how a program is run, by `data-field`; the program | |
//! | [`MACHINE_RUN`], [`MACHINE_STOP`], [`MACHINE_ERROR`] | runs it, stops it; why it does not run | |
//! | [`MACHINE_OUTCOME`], [`MACHINE_RESULT`], [`MACHINE_TROUBLE`], [`MACHINE_DEVICE`] | what came of it, its result, what went wrong, what reduced it | `data-interactions`, `data-mode`, `data-stopped` |
//! | [`MACHINE_OPCODE`] | a row of the counts | `data-opcode`, `data-count` |
//! | [`PLOT`], [`PLOT_TABLE`] | a plot, and its numbers in cells | `data-plot` |
//! | [`SIGNATURES`] | the result's signatures, checked in this page | `data-checked`: `checking`, `verified`, `failed` |
//! | [`REFUSAL`] | why there is no total | |
//! | [`DOWNLOAD`] | saves the signed documents | |
//! | [`QUEUE`] | what waits for the person | |
//! | [`RULE_NEW`], [`RULE_FIELD`], [`RULE_WORDS`], [`RULE_ADD`] | a new rule; its inputs by `data-field` | |
//! | [`RULE`], [`RULE_REMOVE`] | a rule in force | |
//! | [`LIMIT`], [`LIMIT_REMOVE`], [`LIMIT_FIELD`], [`LIMIT_ADD`] | a limit, and a new one | `data-used`, `data-max` |
//! | [`LEDGER`], [`LEDGER_ENTRY`] | all that was answered | `data-id`, `data-fate` |
//! | [`LEDGER_USE`] | answers about one field | `data-about`, `data-answers` |
//! | [`WITHDRAW`], [`WITHDRAW_CONFIRM`], [`WITHDRAWAL`] | takes an answer back, and how far that is | `data-deleted`, `data-needed` |
//! | [`LENDING`] | how far this browser is lent | `data-state`: `off`, `working`, `ready`, `held`, `apart` |
//! | [`CONSENT`], [`LEND`], [`STOP_LENDING`], [`STOP_LENDING_CONFIRM`] | agrees to other people's programs, starts, stops | |
//! | [`CONSENT_GRAPHS`], [`PARTS_BY`], [`HELD_PART`] | agrees to parts of shared graphs; chooses what computes them; one that is here | `data-ranking`, `data-shard`, `data-rounds` |
//! | [`PAUSE`] | pauses and goes on | `data-paused` |
//! | [`LENT`] | one input of what is lent, by `data-field` | |
//! | [`GUEST`] | a job that is here now | `data-id`, `data-step` |
//! | [`CREDIT`] | what came of it | `data-jobs` |
//! | [`PAST`], [`PAST_RECEIPT`] | a job that was here; saves its receipt | `data-id`, `data-taken` |
//! | [`JOB_MODULE`], [`JOB_INPUT`] | files of a new job | |
//! | [`JOB_FIELD`], [`JOB_FIELD_ERROR`] | one input of a new job, what is wrong with it, by `data-field` | |
//! | [`JOB_SUBMIT`], [`JOB_ERROR`] | submits it; why not | |
//! | [`JOB`], [`JOB_DETAIL`] | a job in the list; its view | `data-id`, `data-state` |
//! | [`JOB_LEASE`], [`JOB_REASON`] | who runs it; why a node does not | `data-node` |
//! | [`JOB_CANCEL`], [`JOB_CANCEL_CONFIRM`] | takes it back | |
//! | [`JOB_OUTCOME`], [`JOB_OUTPUT`], [`JOB_SAVE`] | what came of it; its output, and what saves that | `data-stream` |
//! | [`JOB_RECEIPTS`], [`JOB_RECEIPTS_SAVE`] | who vouches for it; saves the receipts | `data-checked`: `checking`, `verified`, `failed` |
//! | [`RECEIPT_FILE`], [`RECEIPT`] | a receipt that somebody has | `data-checked`: `none`, `verified`, `failed` |
//! | [`RERUN_MODULE`], [`RERUN_INPUT`], [`RERUN_GO`], [`RERUN`] | runs it again | `data-outcome`: `none`, `same`, `differs` |
//! | [`NODE_ID`] | this node's id in full | |
//! | [`LINK`] | a heavy node | `data-up`, `data-transport`, `data-peer` |

/// Connection, in the header.
pub const STATUS: &str = "status";
/// A message above every view.
pub const BANNER: &str = "banner";
/// Asks to trust the host's new heavy nodes.
pub const TRUST_NEW: &str = "trust-new";
/// Confirms it.
pub const TRUST_NEW_CONFIRM: &str = "trust-new-confirm";
/// Switches between light and dark.
pub const THEME: &str = "theme";
/// A link of the navigation.
pub const NAV: &str = "nav";
/// Joins the network.
pub const JOIN: &str = "join";
/// Leaves the network.
pub const LEAVE: &str = "leave";
/// The dashboard's line on connections.
pub const NODE_STATE: &str = "node-state";
/// A waiting computation on the dashboard.
pub const WAITING: &str = "waiting";
/// The file input of the data view.
pub const FILE: &str = "file";
/// The name under which a file is added.
pub const DATASET_NAME: &str = "dataset-name";
/// Adds the file.
pub const IMPORT: &str = "import";
/// Why the file was not added.
pub const IMPORT_ERROR: &str = "import-error";
/// A data set.
pub const DATASET: &str = "dataset";
/// A data set's table.
pub const ROWS: &str = "rows";
/// The next part of the table.
pub const ROWS_NEXT: &str = "rows-next";
/// The part before.
pub const ROWS_PREVIOUS: &str = "rows-previous";
/// Which records are shown.
pub const ROWS_RANGE: &str = "rows-range";
/// A record.
pub const RECORD: &str = "record";
/// Shows only records that do not fit the schema.
pub const ONLY_UNFIT: &str = "only-unfit";
/// Opens a record.
pub const RECORD_EDIT: &str = "record-edit";
/// Opens an empty record.
pub const RECORD_ADD: &str = "record-add";
/// The record that is open, in JSON.
pub const RECORD_TEXT: &str = "record-text";
/// Keeps it.
pub const RECORD_SAVE: &str = "record-save";
/// Deletes it.
pub const RECORD_REMOVE: &str = "record-remove";
/// What is wrong with it.
pub const RECORD_ERROR: &str = "record-error";
/// A data set's schema.
pub const SCHEMA: &str = "schema";
/// A schema that is typed.
pub const SCHEMA_TEXT: &str = "schema-text";
/// Gives it to the data set.
pub const SCHEMA_SAVE: &str = "schema-save";
/// Takes the schema away.
pub const SCHEMA_DROP: &str = "schema-drop";
/// What is wrong with it.
pub const SCHEMA_ERROR: &str = "schema-error";
/// Asks to delete a data set.
pub const REMOVE: &str = "remove";
/// Confirms it.
pub const REMOVE_CONFIRM: &str = "remove-confirm";
/// An input of the proposal.
pub const FIELD: &str = "field";
/// What is wrong with an input of the proposal.
pub const FIELD_ERROR: &str = "field-error";
/// The proposal in one sentence.
pub const PREVIEW: &str = "preview";
/// A kind of question.
pub const TEMPLATE: &str = "template";
/// A scheme.
pub const SCHEME: &str = "scheme";
/// This node's own answer to what is proposed.
pub const OWN: &str = "own";
/// What an answer costs.
pub const COST: &str = "cost";
/// How exact the result is.
pub const ROUNDING: &str = "rounding";
/// Copies an address that fills in the same form.
pub const COPY_LINK: &str = "copy-link";
/// Sends the proposal.
pub const PROPOSE: &str = "propose";
/// Why the proposal was not accepted, where no one field is to blame.
pub const PROPOSE_ERROR: &str = "propose-error";
/// A computation in a list.
pub const COMPUTATION: &str = "computation";
/// The view of one computation.
pub const DETAIL: &str = "detail";
/// What leaves the device.
pub const LEAVES: &str = "leaves";
/// Approves.
pub const APPROVE: &str = "approve";
/// Declines.
pub const DECLINE: &str = "decline";
/// Makes a rule of the approval.
pub const ALWAYS: &str = "always";
/// Why an answer was not taken.
pub const ANSWER_ERROR: &str = "answer-error";
/// Answers so far.
pub const ANSWERS: &str = "answers";
/// Time to the deadline.
pub const COUNTDOWN: &str = "countdown";
/// Heavy nodes that hold this node's share.
pub const SHARES: &str = "shares";
/// The digest of the agreed set.
pub const SET: &str = "set";
/// A number of the result.
pub const FIGURE: &str = "figure";
/// A line's equation.
pub const EQUATION: &str = "equation";
/// What cannot be right about a result.
pub const DOUBT: &str = "doubt";
/// Answers that were left out.
pub const REJECTED: &str = "rejected";
/// Saves the numbers as CSV.
pub const SAVE_CSV: &str = "save-csv";
/// Saves the numbers as JSON.
pub const SAVE_JSON: &str = "save-json";
/// Proposes the same again.
pub const AGAIN: &str = "again";
/// A heavy node that lied.
pub const ACCUSED: &str = "accused";
/// Saves the evidence.
pub const EVIDENCE: &str = "evidence";
/// A plot of the result.
pub const PLOT: &str = "plot";
/// A plot's numbers in cells.
pub const PLOT_TABLE: &str = "plot-table";
/// The result's signatures.
pub const SIGNATURES: &str = "signatures";
/// Why there is no total.
pub const REFUSAL: &str = "refusal";
/// Saves the signed documents.
pub const DOWNLOAD: &str = "download";
/// What waits for the person.
pub const QUEUE: &str = "queue";
/// Opens the form for a new rule.
pub const RULE_NEW: &str = "rule-new";
/// An input of a new rule.
pub const RULE_FIELD: &str = "rule-field";
/// A new rule in words.
pub const RULE_WORDS: &str = "rule-words";
/// Adds the rule.
pub const RULE_ADD: &str = "rule-add";
/// A rule in force.
pub const RULE: &str = "rule";
/// Deletes a rule.
pub const RULE_REMOVE: &str = "rule-remove";
/// A limit.
pub const LIMIT: &str = "limit";
/// Deletes a limit.
pub const LIMIT_REMOVE: &str = "limit-remove";
/// An input of a new limit.
pub const LIMIT_FIELD: &str = "limit-field";
/// Sets a limit.
pub const LIMIT_ADD: &str = "limit-add";
/// All that was answered.
pub const LEDGER: &str = "ledger";
/// One answer.
pub const LEDGER_ENTRY: &str = "ledger-entry";
/// Answers about one field.
pub const LEDGER_USE: &str = "ledger-use";
/// Takes an answer back.
pub const WITHDRAW: &str = "withdraw";
/// Confirms it.
pub const WITHDRAW_CONFIRM: &str = "withdraw-confirm";
/// How far an answer is taken back.
pub const WITHDRAWAL: &str = "withdrawal";
/// How far this browser is lent.
pub const LENDING: &str = "lending";
/// Agrees to other people's programs.
pub const CONSENT: &str = "consent";
/// Starts to lend this browser.
pub const LEND: &str = "lend";
/// Asks to stop that.
pub const STOP_LENDING: &str = "stop-lending";
/// Confirms it.
pub const STOP_LENDING_CONFIRM: &str = "stop-lending-confirm";
/// Pauses, and goes on.
pub const PAUSE: &str = "pause";
/// An input of what is lent.
pub const LENT: &str = "lent";
/// A job that is here now.
pub const GUEST: &str = "guest";
/// What came of lending.
pub const CREDIT: &str = "credit";
/// A job that was here.
pub const PAST: &str = "past";
/// Saves its receipt.
pub const PAST_RECEIPT: &str = "past-receipt";
/// The file input for a new job's module.
pub const JOB_MODULE: &str = "job-module";
/// The file input for a new job's input.
pub const JOB_INPUT: &str = "job-input";
/// An input of a new job.
pub const JOB_FIELD: &str = "job-field";
/// What is wrong with it.
pub const JOB_FIELD_ERROR: &str = "job-field-error";
/// Submits the job.
pub const JOB_SUBMIT: &str = "job-submit";
/// Why it was not submitted.
pub const JOB_ERROR: &str = "job-error";
/// A job in the list.
pub const JOB: &str = "job";
/// The view of one job.
pub const JOB_DETAIL: &str = "job-detail";
/// A node that runs it.
pub const JOB_LEASE: &str = "job-lease";
/// Why a node does not.
pub const JOB_REASON: &str = "job-reason";
/// Asks to take a job back.
pub const JOB_CANCEL: &str = "job-cancel";
/// Confirms it.
pub const JOB_CANCEL_CONFIRM: &str = "job-cancel-confirm";
/// What came of a job.
pub const JOB_OUTCOME: &str = "job-outcome";
/// One of its streams.
pub const JOB_OUTPUT: &str = "job-output";
/// Saves a stream.
pub const JOB_SAVE: &str = "job-save";
/// Who vouches for the result.
pub const JOB_RECEIPTS: &str = "job-receipts";
/// Saves the receipts.
pub const JOB_RECEIPTS_SAVE: &str = "job-receipts-save";
/// The file input for a receipt.
pub const RECEIPT_FILE: &str = "receipt-file";
/// What checking it gave.
pub const RECEIPT: &str = "receipt";
/// The file input for a receipt's module.
pub const RERUN_MODULE: &str = "rerun-module";
/// The file input for a receipt's input.
pub const RERUN_INPUT: &str = "rerun-input";
/// Runs it again.
pub const RERUN_GO: &str = "rerun-go";
/// What that gave.
pub const RERUN: &str = "rerun";
/// Agrees to parts of shared graphs.
pub const CONSENT_GRAPHS: &str = "consent-graphs";
/// Chooses what computes them.
pub const PARTS_BY: &str = "parts-by";
/// A part of a shared graph that is here.
pub const HELD_PART: &str = "held-part";
/// The file input for a graph.
pub const GRAPH_FILE: &str = "graph-file";
/// Takes a graph that is here.
pub const GRAPH_EXAMPLE: &str = "graph-example";
/// One input of how it is ranked.
pub const GRAPH_FIELD: &str = "graph-field";
/// Ranks it again.
pub const GRAPH_AGAIN: &str = "graph-again";
/// How far the ranking is.
pub const GRAPH_STATE: &str = "graph-state";
/// Stops it.
pub const GRAPH_STOP: &str = "graph-stop";
/// Why there is none.
pub const GRAPH_ERROR: &str = "graph-error";
/// What came of it.
pub const GRAPH_OUTCOME: &str = "graph-outcome";
/// What computed it.
pub const GRAPH_DEVICE: &str = "graph-device";
/// Why no GPU did.
pub const GRAPH_NO_GPU: &str = "graph-no-gpu";
/// A node of the table.
pub const GRAPH_NODE: &str = "graph-node";
/// The drawing.
pub const GRAPH_DRAWING: &str = "graph-drawing";
/// The node that is looked at.
pub const GRAPH_CHOSEN: &str = "graph-chosen";
/// One input of how a program is run.
pub const MACHINE_FIELD: &str = "machine-field";
/// The program.
pub const MACHINE_TEXT: &str = "machine-text";
/// Runs it.
pub const MACHINE_RUN: &str = "machine-run";
/// Stops it.
pub const MACHINE_STOP: &str = "machine-stop";
/// Why it does not run.
pub const MACHINE_ERROR: &str = "machine-error";
/// What came of it.
pub const MACHINE_OUTCOME: &str = "machine-outcome";
/// Its result.
pub const MACHINE_RESULT: &str = "machine-result";
/// What went wrong.
pub const MACHINE_TROUBLE: &str = "machine-trouble";
/// What reduced it.
pub const MACHINE_DEVICE: &str = "machine-device";
/// How many interactions of one kind.
pub const MACHINE_OPCODE: &str = "machine-opcode";
/// This node's id in full.
pub const NODE_ID: &str = "node-id";
/// A heavy node.
pub const LINK: &str = "link";
