// A GitHub App that acts for its users: tokens of eight hours, and refresh tokens that rotate and end after six months.
import type { SessionStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { githubApp } from '@evertoken/core/providers'

declare const store: SessionStore

// Signing in with GitHub itself: no ID token, so the profile names the user endpoint.
export const auth = evertoken({
  server: githubApp(),
  clientId: 'Iv23liExample',
  clientSecret: process.env['GITHUB_SECRET'],
  encryptionSecret: process.env['SESSION_SECRET'],
  session: 'server',
  store,
})
// The same user in background work, long after the session has ended.
export const connections = createConnections({
  auth,
  providers: {
    github: { server: githubApp(), clientId: 'Iv23liExample', clientSecret: process.env['GITHUB_SECRET'] },
  },
})

export async function openIssue(user: string, repository: string, title: string): Promise<string> {
  const connection = connections.get(user, 'github')
  const state = await connection.getState()
  if (state.state !== 'active') return `Connect GitHub: ${connection.connectUrl({ returnTo: '/issues' })}`
  const weeks = state.grantExpiresAt && (state.grantExpiresAt - Date.now() / 1000) / 604_800
  if (weeks !== undefined && weeks < 2) return `Connect GitHub again: ${connection.connectUrl()}`
  const api = connection.createTokenFetch({ baseUrl: 'https://api.github.com/' })
  const response = await api(`repos/${repository}/issues`, {
    method: 'POST',
    body: JSON.stringify({ title }),
  })
  return response.ok ? 'opened' : `GitHub answered ${response.status}`
}
