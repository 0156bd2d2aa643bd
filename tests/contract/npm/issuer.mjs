// A force's own issuer: the certified oidc-provider, unmodified. Argument 1 is the audience of its tokens, 2 the person who
// signs in. Prints its URL, waits for a line that names the service's URL, and then, as oauth4webapi: gets a token for a
// system and one for a person (code flow with PKCE), both with DPoP, and says what the service answers them.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import * as oauth from 'oauth4webapi'
import Provider from 'oidc-provider'

const [resource, staffId] = process.argv.slice(2)
const plain = { [oauth.allowInsecureRequests]: true }
const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const signing = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const published = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), kid: 'client', alg: 'ES256', use: 'sig' }
const REDIRECT = 'http://127.0.0.1:9/back'

const http = createServer().listen(0, '127.0.0.1')
await once(http, 'listening')
const issuer = new URL(`http://127.0.0.1:${http.address().port}`)
const provider = new Provider(issuer.href.replace(/\/$/, ''), {
  clients: [{
    client_id: 'force-53-rms',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    jwks: { keys: [published] },
    grant_types: ['client_credentials', 'authorization_code'],
    response_types: ['code'],
    redirect_uris: [REDIRECT],
    application_type: 'native',
    dpop_bound_access_tokens: true,
  }],
  jwks: { keys: [{ ...(await crypto.subtle.exportKey('jwk', signing.privateKey)), kid: 'signing', alg: 'ES256', use: 'sig' }] },
  scopes: ['openid', 'case-files:read'],
  cookies: { keys: ['only for this test'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: (_, token) => ({ groups: [token.kind === 'ClientCredentials' ? 'Records' : 'RASSO officers'] }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: 'case-files:read', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
  },
})
http.on('request', provider.callback())
console.log(issuer.href.replace(/\/$/, ''))
const [service] = await once(createInterface({ input: process.stdin }), 'line')

const client = { client_id: 'force-53-rms' }
const as = await oauth.processDiscoveryResponse(
  new URL(provider.issuer), await oauth.discoveryRequest(new URL(provider.issuer), plain))
const authentication = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'client' })
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))

async function twice(request, process) {
  try {
    return await process(await request())
  } catch (refused) {
    if (!oauth.isDPoPNonceError(refused)) throw refused
    return await process(await request())
  }
}

// A browser that signs in: follows redirects with cookies, and sends the two forms that it is shown.
async function code(verifier) {
  const cookies = new Map()
  let url = new URL(as.authorization_endpoint)
  for (const [name, value] of Object.entries({
    client_id: client.client_id, response_type: 'code', redirect_uri: REDIRECT, scope: 'openid case-files:read', resource,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })) url.searchParams.set(name, value)
  let form
  for (let steps = 0; steps < 12; steps++) {
    const answer = await fetch(url, {
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      body: form,
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const one of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(one)
      cookies.set(name, value)
    }
    form = undefined
    if (answer.headers.has('location')) {
      url = new URL(answer.headers.get('location'), url)
      if (url.href.startsWith(REDIRECT)) return url
    } else {
      const page = await answer.text()
      const prompt = /name="prompt" value="(\w+)"/.exec(page)
      if (!prompt) throw new Error(page)
      url = new URL(/action="([^"]+)"/.exec(page)[1], url)
      form = new URLSearchParams({ prompt: prompt[1], ...(prompt[1] === 'login' && { login: staffId, password: 'x' }) })
    }
  }
  throw new Error('signing in leads nowhere')
}

async function told(token, path) {
  const call = () => oauth.protectedResourceRequest(
    token, 'GET', new URL(path, service), new Headers({ 'Access-Justification': 'investigation' }), null, { DPoP, ...plain })
  const answer = await twice(call, (answer) => answer)
  return { status: answer.status, body: await answer.json() }
}

const system = await twice(
  () => oauth.clientCredentialsGrantRequest(
    as, client, authentication, new URLSearchParams({ resource, scope: 'case-files:read' }), { DPoP, ...plain }),
  (answer) => oauth.processClientCredentialsResponse(as, client, answer))
const verifier = oauth.generateRandomCodeVerifier()
const back = oauth.validateAuthResponse(as, client, await code(verifier), oauth.expectNoState)
const person = await twice(
  () => oauth.authorizationCodeGrantRequest(
    as, client, authentication, back, REDIRECT, verifier, { DPoP, additionalParameters: { resource }, ...plain }),
  (answer) => oauth.processAuthorizationCodeResponse(as, client, answer))

const thief = await fetch(new URL('/v1/me', service), { headers: { Authorization: `Bearer ${person.access_token}` } })
console.log(JSON.stringify({
  kinds: [system.token_type, person.token_type].map((kind) => kind.toLowerCase()),
  system: await told(system.access_token, '/v1/me'),
  person: await told(person.access_token, '/v1/me'),
  list: (await told(person.access_token, '/v1/case-files?limit=1')).status,
  stolen: thief.status,
}))
http.closeAllConnections()
process.exit(0)
