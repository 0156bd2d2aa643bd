// A receiver of webhooks in TypeScript: `npm install standardwebhooks`, then SECRET=whsec_… PORT=9000 node receiver.js
// With PUBLIC_KEY=whpk_… in place of SECRET it verifies signatures of the scheme v1a.
import { createServer } from "node:http";
import { createPublicKey, verify as verifySignature, type KeyObject } from "node:crypto";
import { Webhook } from "standardwebhooks";

type Headers = Record<string, string>;
interface Event { type: string; timestamp: string; data: { event_id: string; [member: string]: unknown } }

const seen = new Set<string>(); // in production: a table with the event's id as its key, kept for a week
const work: Event[] = []; // in production: a queue that outlives the process
const TOLERANCE_SECONDS = 300;

const publicKey: KeyObject | undefined = process.env.PUBLIC_KEY ? readPublicKey(process.env.PUBLIC_KEY) : undefined;
const webhook: Webhook | undefined = process.env.SECRET ? new Webhook(process.env.SECRET) : undefined;

function readPublicKey(text: string): KeyObject {
  const x = Buffer.from(text.replace(/^whpk_/, ""), "base64").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

function verifyByPublicKey(key: KeyObject, body: string, headers: Headers): Event {
  const sentAt = Number(headers["webhook-timestamp"]);
  if (!(Math.abs(Date.now() / 1000 - sentAt) <= TOLERANCE_SECONDS)) throw new Error("too old or too new");
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  for (const signature of (headers["webhook-signature"] ?? "").split(" ")) {
    const [scheme, value] = signature.split(",");
    if (scheme === "v1a" && verifySignature(null, signed, key, Buffer.from(value ?? "", "base64"))) {
      return JSON.parse(body) as Event;
    }
  }
  throw new Error("no signature verifies");
}

export function receive(headers: Headers, body: string): number {
  let event: Event;
  try { // the signature over the raw bytes, and the age of the attempt
    event = publicKey ? verifyByPublicKey(publicKey, body, headers) : (webhook!.verify(body, headers) as Event);
  } catch {
    return 401;
  }
  if (!seen.has(event.data.event_id)) { // deliveries are at least once
    seen.add(event.data.event_id);
    work.push(event); // what you do not know, you ignore there: events and members are added
  }
  return 204;
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.statusCode = receive(request.headers as Headers, Buffer.concat(chunks).toString("utf8"));
    response.end();
  });
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
