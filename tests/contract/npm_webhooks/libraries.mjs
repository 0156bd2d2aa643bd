// Verifies what the service signed, by both public libraries and, for v1a, by the runtime's own Ed25519.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

const signed = JSON.parse(readFileSync(process.argv[2], "utf8"));
const verified = { standardwebhooks: 0, svix: 0, v1a: 0, forged: 0 };

function byPublicKey(text, headers, body) {
  const x = Buffer.from(text.replace(/^whpk_/, ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  return headers["webhook-signature"].split(" ").some((signature) => {
    const [scheme, value] = signature.split(",");
    return scheme === "v1a" && verify(null, content, key, Buffer.from(value, "base64"));
  });
}

for (const { headers, body, secrets, publicKeys } of signed) {
  for (const secret of secrets) {
    new Webhook(secret).verify(body, headers);
    verified.standardwebhooks += 1;
    new SvixWebhook(secret).verify(body, headers);
    verified.svix += 1;
    try {
      new Webhook(secret).verify(body + " ", headers);
      verified.forged += 1;
    } catch { /* as it must */ }
  }
  for (const key of publicKeys) {
    if (byPublicKey(key, headers, body)) verified.v1a += 1;
    if (byPublicKey(key, headers, body + " ")) verified.forged += 1;
  }
}
console.log(JSON.stringify(verified));
