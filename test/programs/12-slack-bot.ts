// A Slack app with bot tokens. Each workspace has one grant, which the response of Slack names, and not the browser.
import { createServer } from 'node:http'
import { createConnections } from '@evertoken/node/connections'
import type { SessionStore } from '@evertoken/core'
import { slack } from '@evertoken/core/providers'

declare const store: SessionStore
declare function verified(request: Request): Promise<{ team_id: string; event: { channel: string } }>
declare const toListener: (
  handler: (request: Request) => Promise<Response>,
) => Parameters<typeof createServer>[1]

const connections = createConnections({
  encryptionSecret: process.env['SESSION_SECRET'],
  store,
  baseUrl: 'https://bot.example.com',
  providers: {
    slack: {
      server: slack({ tokens: 'bot' }), // it knows the commas between scopes, and errors with the status 200
      clientId: '123.456',
      clientSecret: process.env['SLACK_SECRET'],
      scope: 'chat:write app_mentions:read',
      ownerFrom: ({ team }) => String((team as { id: unknown }).id),
    },
  },
})

createServer(
  toListener(async (request) => {
    const own = connections.route(request) // /connections/slack/connect is the link “Add to Slack”
    if (own) return own
    const { team_id, event } = await verified(request)
    const api = connections.get(team_id, 'slack').createTokenFetch({ baseUrl: 'https://slack.com/api/' })
    await api('chat.postMessage', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channel: event.channel, text: 'Hello' }),
    })
    return new Response()
  }),
).listen(3000)
