// Sign in with Google or Microsoft, connect a second account, and ask for more scope when the user needs it.
import { createServer } from 'node:http'
import { evertoken, type SessionStore } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { entra, google } from '@evertoken/core/providers'
import { signInChoices } from '@evertoken/core/tenants'

declare const store: SessionStore
const googleClient = { server: google(), clientId: 'g', clientSecret: process.env['GOOGLE_SECRET'] }

export const auth = evertoken({
  encryptionSecret: process.env['SESSION_SECRET'],
  session: 'server',
  store,
  registrations: signInChoices({
    google: googleClient,
    microsoft: {
      server: entra({ tenant: 'common' }),
      clientId: 'm',
      clientSecret: process.env['ENTRA_SECRET'],
      scope: 'openid email offline_access',
    },
  }),
})
export const connections = createConnections({
  auth,
  owner: (request) =>
    auth
      .session(request)
      .getUser()
      .then((user) => user && `${String(user['iss'])} ${user.sub}`), // two servers: `sub` alone is not enough
  providers: { drive: { ...googleClient, scope: 'openid https://www.googleapis.com/auth/drive.file' } },
})

const WRITE = 'https://www.googleapis.com/auth/drive'
createServer(
  auth.listener(async (request) => {
    const own = connections.route(request)
    if (own) return own
    const work = connections.current('drive:work')
    if ((await work.getState()).state !== 'active' || (await work.missingScope(WRITE)) !== '')
      return Response.redirect(new URL(work.connectUrl({ scope: WRITE, returnTo: '/' }), request.url), 303)
    const drive = work.createTokenFetch({ baseUrl: 'https://www.googleapis.com/drive/v3/' })
    const response = await drive('files')
    return new Response(response.body, response)
  }),
).listen(3000)
