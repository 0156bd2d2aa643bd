// oauth4webapi, unmodified: the parts of OAuth that the story needs.
import * as oauth from 'oauth4webapi'
import { grantFor, JWT_BEARER } from './sandbox.mjs'

const plain = { [oauth.allowInsecureRequests]: true }

async function twice(request, process) {
  try {
    return await process(await request())
  } catch (refused) {
    if (!oauth.isDPoPNonceError(refused)) throw refused
    return await process(await request())
  }
}

export async function connect(sandbox) {
  const issuer = new URL(sandbox.issuer)
  const resource = await oauth.processResourceDiscoveryResponse(issuer, await oauth.resourceDiscoveryRequest(issuer, plain))
  const server = new URL(resource.authorization_servers[0])
  const as = await oauth.processDiscoveryResponse(
    server, await oauth.discoveryRequest(server, { algorithm: 'oauth2', ...plain }))

  return {
    resource: resource.resource,
    async system(entry, algorithm) {
      const client = { client_id: entry.client_id }
      const key = await sandbox.key(entry)
      const authentication = oauth.PrivateKeyJwt({ key, kid: entry.kid })
      const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(algorithm))
      const caller = (token) => ({
        kind: token.token_type,
        token: token.access_token,
        call: (method, url, body, headers) => twice(
          () => oauth.protectedResourceRequest(token.access_token, method, new URL(url), new Headers(headers), body, { DPoP, ...plain }),
          (answer) => answer),
      })
      return {
        itself: async () => caller(await twice(
          () => oauth.clientCredentialsGrantRequest(as, client, authentication, {}, { DPoP, ...plain }),
          (answer) => oauth.processClientCredentialsResponse(as, client, answer))),
        actingFor: async (person, role) => {
          const assertion = await grantFor(sandbox, entry, key, person, role)
          return caller(await twice(
            () => oauth.genericTokenEndpointRequest(as, client, authentication, JWT_BEARER, { assertion }, { DPoP, ...plain }),
            (answer) => oauth.processGenericTokenEndpointResponse(as, client, answer)))
        },
        introspect: async (token) => oauth.processIntrospectionResponse(
          as, client, await oauth.introspectionRequest(as, client, authentication, token, plain)),
        revoke: async (token) => oauth.processRevocationResponse(
          await oauth.revocationRequest(as, client, authentication, token, plain)),
      }
    },
  }
}
