// What sandbox.json says, and a client's own signatures; nothing of it is the libraries' work.
import { createPrivateKey, webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'

const KINDS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
}

export function readSandbox(folder) {
  const sandbox = JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8'))
  const first = (what, found) => {
    if (!found) throw new Error(`the sandbox has no ${what}`)
    return found
  }
  return {
    ...sandbox,
    client: (id) => first(`client ${id}`, sandbox.clients.find((entry) => entry.client_id === id)),
    clientOf: (organisation) =>
      first(`client of ${organisation}`, sandbox.clients.find((entry) => entry.organisation === organisation)),
    person: (role, unit, not) =>
      first(`${role} in ${unit}`, sandbox.staff.find(
        (one) => one.unit === unit && one.roles.includes(role) && one.staff_id !== not?.staff_id)),
    async key(entry) {
      const pem = readFileSync(join(folder, entry.private_key_file))
      const pkcs8 = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
      return webcrypto.subtle.importKey('pkcs8', pkcs8, KINDS[entry.algorithm], false, ['sign'])
    },
  }
}

// The assertion by which a system acts for a member of its organisation's staff (RFC 7523 2.1).
export async function grantFor(sandbox, entry, key, person, role) {
  return new SignJWT({ roles: [role] })
    .setProtectedHeader({ alg: entry.algorithm, kid: entry.kid })
    .setIssuer(entry.client_id).setSubject(person.staff_id).setAudience(sandbox.issuer)
    .setIssuedAt().setExpirationTime('2 minutes').setJti(crypto.randomUUID())
    .sign(key)
}

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
