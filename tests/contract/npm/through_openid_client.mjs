// The token part of the story as openid-client has it, unmodified: argument 1 is the sandbox's folder.
// Prints one JSON object of what was found; anything unexpected is thrown.
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import * as openid from 'openid-client'

const folder = process.argv[2]
const sandbox = JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8'))
const entry = sandbox.clients.find((client) => client.client_id === 'force-53-rms')
const officer = sandbox.staff.find((person) => person.organisation === 'police-53' && person.roles.includes('officer'))
const pkcs8 = createPrivateKey(readFileSync(join(folder, entry.private_key_file))).export({ format: 'der', type: 'pkcs8' })
const key = await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])

const config = await openid.discovery(
  new URL(sandbox.issuer), entry.client_id, undefined, openid.PrivateKeyJwt({ key, kid: entry.kid }),
  { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })
const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))

const system = await openid.clientCredentialsGrant(config, {}, { DPoP })
const assertion = await new SignJWT({ roles: ['officer'] })
  .setProtectedHeader({ alg: 'ES256', kid: entry.kid })
  .setIssuer(entry.client_id).setSubject(officer.staff_id).setAudience(sandbox.issuer)
  .setIssuedAt().setExpirationTime('2 minutes').setJti(crypto.randomUUID())
  .sign(key)
const person = await openid.genericGrantRequest(
  config, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion }, { DPoP })

async function me(token) {
  const answer = await openid.fetchProtectedResource(
    config, token, new URL('/v1/me', sandbox.issuer), 'GET', undefined, undefined, { DPoP })
  return answer.json()
}

const introspected = await openid.tokenIntrospection(config, system.access_token)
const [asSystem, asPerson] = [await me(system.access_token), await me(person.access_token)]
await openid.tokenRevocation(config, system.access_token)
let afterwards = 'still good'
try {
  await me(system.access_token)
} catch (refused) {
  afterwards = refused.cause?.[0]?.parameters?.error ?? String(refused)
}

console.log(JSON.stringify({
  kinds: [system.token_type, person.token_type],
  roles: [asSystem.roles, asPerson.roles],
  introspected: introspected.active && introspected.cnf !== undefined,
  resource: config.serverMetadata().protected_resources?.[0] ?? sandbox.issuer,
  afterwards,
}))
