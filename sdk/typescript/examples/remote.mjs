// Has another machine print `Hello, World` backwards, and verifies its receipt here.
//
//     node examples/remote.mjs hello.wasm https://heavy.example

import { readFile } from "node:fs/promises";
import { Client, loadIdentity, statusWords, verifyReceipt } from "formix/node";

const [, , file = "hello.wasm", url] = process.argv;
const client = new Client(url, { identity: loadIdentity() });
const job = await client.submit(await readFile(file), { name: "hello" });
for await (const status of job.events()) console.error(statusWords(status));
const result = await job.result();
process.stdout.write(result.text);

// `result` has verified every receipt already. This is how somebody does who has the documents alone.
for (const document of result.documents) {
  const receipt = await verifyReceipt(JSON.stringify(document), { manifest: job.envelope, stdout: result.stdout });
  console.error(`run by ${receipt.node}`);
}
console.log("Receipt verified");
