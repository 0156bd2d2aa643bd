// openid-client, unmodified: the parts of OAuth that the story needs.
import * as openid from 'openid-client'
import { grantFor, JWT_BEARER } from './sandbox.mjs'

const execute = [openid.allowInsecureRequests]

export async function connect(sandbox) {
  const told = await fetch(new URL('/.well-known/oauth-protected-resource', sandbox.issuer))
  const resource = await told.json()
  const server = new URL(resource.authorization_servers[0])

  return {
    resource: resource.resource,
    async system(entry, algorithm) {
      const key = await sandbox.key(entry)
      const config = await openid.discovery(
        server, entry.client_id, undefined, openid.PrivateKeyJwt({ key, kid: entry.kid }), { algorithm: 'oauth2', execute })
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair(algorithm))
      const caller = (token) => ({
        kind: token.token_type,
        token: token.access_token,
        call: (method, url, body, headers) => openid.fetchProtectedResource(
          config, token.access_token, new URL(url), method, body, new Headers(headers), { DPoP }),
      })
      return {
        itself: async () => caller(await openid.clientCredentialsGrant(config, {}, { DPoP })),
        actingFor: async (person, role) => caller(await openid.genericGrantRequest(
          config, JWT_BEARER, { assertion: await grantFor(sandbox, entry, key, person, role) }, { DPoP })),
        introspect: (token) => openid.tokenIntrospection(config, token),
        revoke: (token) => openid.tokenRevocation(config, token),
      }
    },
  }
}
