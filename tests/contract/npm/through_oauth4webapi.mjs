// The token part of the story as oauth4webapi has it, unmodified: argument 1 is the sandbox's folder.
// Prints one JSON object of what was found; anything unexpected is thrown.
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'

const folder = process.argv[2]
const sandbox = JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8'))
const entry = sandbox.clients.find((client) => client.client_id === 'force-53-rms')
const officer = sandbox.staff.find((person) => person.organisation === 'police-53' && person.roles.includes('officer'))
const pkcs8 = createPrivateKey(readFileSync(join(folder, entry.private_key_file))).export({ format: 'der', type: 'pkcs8' })
const key = await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const plain = { [oauth.allowInsecureRequests]: true }

const issuer = new URL(sandbox.issuer)
const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain })
const as = await oauth.processDiscoveryResponse(issuer, found)
const resource = await oauth.processResourceDiscoveryResponse(issuer, await oauth.resourceDiscoveryRequest(issuer, plain))
const client = { client_id: entry.client_id }
const authentication = oauth.PrivateKeyJwt({ key, kid: entry.kid })
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))

async function twice(request, process) {
  try {
    return await process(await request())
  } catch (refused) {
    if (!oauth.isDPoPNonceError(refused)) throw refused
    return await process(await request())
  }
}

const system = await twice(
  () => oauth.clientCredentialsGrantRequest(as, client, authentication, {}, { DPoP, ...plain }),
  (answer) => oauth.processClientCredentialsResponse(as, client, answer),
)

const assertion = await new SignJWT({ roles: ['officer'] })
  .setProtectedHeader({ alg: 'ES256', kid: entry.kid })
  .setIssuer(entry.client_id).setSubject(officer.staff_id).setAudience(sandbox.issuer)
  .setIssuedAt().setExpirationTime('2 minutes').setJti(crypto.randomUUID())
  .sign(key)
const person = await twice(
  () => oauth.genericTokenEndpointRequest(
    as, client, authentication, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion }, { DPoP, ...plain }),
  (answer) => oauth.processGenericTokenEndpointResponse(as, client, answer),
)

async function me(token) {
  const call = () => oauth.protectedResourceRequest(token, 'GET', new URL('/v1/me', issuer), undefined, null, { DPoP, ...plain })
  return (await twice(call, (answer) => answer)).json()
}

const introspected = await oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, authentication, system.access_token, plain))
const [asSystem, asPerson] = [await me(system.access_token), await me(person.access_token)]
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, authentication, system.access_token, plain))
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
  resource: resource.resource,
  afterwards,
}))
