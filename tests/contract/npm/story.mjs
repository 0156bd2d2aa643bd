// The main story, shortened: argument 1 is the library, 2 the sandbox's folder, 3 a file of bodies, and any further ones
// are clients whose keys are of other kinds. Prints one JSON object of what was found; anything unexpected is thrown.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { readSandbox } from './sandbox.mjs'

const [library, folder, bodiesFile, ...others] = process.argv.slice(2)
const { connect } = await import(`./${library}.mjs`)
const sandbox = readSandbox(folder)
const bodies = JSON.parse(readFileSync(bodiesFile, 'utf8'))
const service = await connect(sandbox)
const JUSTIFIED = { 'Access-Justification': 'investigation' }

async function ask(caller, method, path, body, headers = {}) {
  const sent = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const answer = await caller.call(
    method, sandbox.base_url + path, body === undefined ? undefined : JSON.stringify(body), { ...JUSTIFIED, ...sent, ...headers })
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer
}
const read = async (caller, path) => (await ask(caller, 'GET', path)).json()
const tagged = async (caller, path) => ({ 'If-Match': (await ask(caller, 'GET', path)).headers.get('etag') })

const police = await service.system(sandbox.client('force-53-rms'), 'ES256')
const prosecution = await service.system(sandbox.clientOf('cps-south-west'), 'PS256')
const itself = await police.itself()
const officerEntry = sandbox.person('officer', 'police-53-rasso')
const officer = await police.actingFor(officerEntry, 'officer')
const supervisor = await police.actingFor(sandbox.person('supervisor', 'police-53-rasso', officerEntry), 'supervisor')
const assistant = await prosecution.actingFor(sandbox.person('casework_assistant', 'cps-south-west-rasso'), 'casework_assistant')

// The officer opens a case file, attaches a document and adds a version that names it.
const opened = await (await ask(officer, 'POST', '/v1/case-files', bodies.opening)).json()
const file = `/v1/case-files/${opened.id}`
const bytes = Buffer.from(bodies.document, 'base64')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const declared = await (await ask(officer, 'POST', `${file}/attachments`, { ...bodies.declaration, size: bytes.length, sha256 })).json()
const asked = await (await ask(officer, 'POST', `/v1/attachments/${declared.id}/upload`, { parts: [{ number: 1, sha256 }] })).json()
const put = await fetch(asked.parts[0].url, { method: 'PUT', body: bytes, headers: asked.parts[0].headers })
if (!put.ok) throw new Error(`storage answered ${put.status}`)
await ask(officer, 'POST', `/v1/attachments/${declared.id}/complete`)
let attachment = declared
for (let tries = 0; tries < 300 && !['available', 'rejected'].includes(attachment.status); tries++) {
  await wait(100)
  attachment = await read(officer, `/v1/attachments/${declared.id}`)
}
const content = { ...opened.content, material: [{ ...opened.content.material[0], attachment_ids: [declared.id] }] }
const version = await (await ask(
  officer, 'POST', `${file}/versions`, { content, note: 'With the statement' }, await tagged(officer, file))).json()

// The officer drafts a request, the supervisor endorses it, the CPS reads what was sent and takes the request on.
const drafted = await (await ask(officer, 'POST', `${file}/early-advice-requests`, bodies.request)).json()
const request = `/v1/early-advice-requests/${drafted.id}`
const submitted = await (await ask(
  supervisor, 'POST', `${request}/submit`, { endorsement: 'Endorsed.', version: version.version.number },
  await tagged(supervisor, request))).json()
const received = await read(assistant, file)
const redirected = await ask(assistant, 'GET', `/v1/attachments/${declared.id}/content`)
const fetched = Buffer.from(await (await fetch(redirected.headers.get('location'))).arrayBuffer())
const accepted = await (await ask(
  assistant, 'POST', `${request}/accept`, bodies.review, await tagged(assistant, request))).json()
const seenByPolice = await read(officer, request)

// Tokens are looked into and given back.
const introspected = await police.introspect(itself.token)
const roles = [(await read(itself, '/v1/me')).roles, (await read(officer, '/v1/me')).roles]
await police.revoke(itself.token)
let afterwards = 'still good'
try {
  await itself.call('GET', `${sandbox.base_url}/v1/me`, undefined, JUSTIFIED)
} catch (refused) {
  afterwards = refused.cause?.[0]?.parameters?.error ?? String(refused)
}

// Systems whose keys are of other kinds, and proofs by other kinds of keys.
const otherKinds = {}
for (const id of others) {
  const entry = JSON.parse(id)
  const one = await (await service.system(entry, entry.proofs)).itself()
  otherKinds[entry.algorithm] = [one.kind.toLowerCase(), (await read(one, '/v1/me')).client_id]
}

console.log(JSON.stringify({
  resource: service.resource,
  kinds: [itself, officer, supervisor, assistant].map((one) => one.kind.toLowerCase()),
  roles,
  introspected: introspected.active && introspected.cnf?.jkt !== undefined,
  afterwards,
  attachment: attachment.status,
  receipt: [submitted.receipt.version, submitted.receipt.digest === version.version.digest],
  readByTheCps: JSON.stringify(received.content) === JSON.stringify(version.content),
  sameBytes: fetched.equals(bytes),
  states: [submitted.state, accepted.state, seenByPolice.state],
  otherKinds,
}))
