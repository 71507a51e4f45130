import { serve } from '@hono/node-server'
import { issuer } from '@openauthjs/openauth'
import { createClient } from '@openauthjs/openauth/client'
import { CodeProvider } from '@openauthjs/openauth/provider/code'
import { MemoryStorage } from '@openauthjs/openauth/storage/memory'
import { createSubjects } from '@openauthjs/openauth/subject'
import { CodeUI } from '@openauthjs/openauth/ui/code'
import { Hono } from 'hono'
import { object, string } from 'valibot'

const { port, url, appUrl, client, lifetimeSeconds } = JSON.parse(process.argv[2])

const subjects = createSubjects({ user: object({ email: string() }) })
let newestCode
const server = issuer({
  subjects,
  storage: MemoryStorage(),
  ttl: { access: lifetimeSeconds },
  providers: {
    code: CodeProvider(CodeUI({ sendCode: async (_claims, code) => void (newestCode = code) })),
  },
  allow: async ({ clientID, redirectURI }) =>
    clientID === client.id && redirectURI === `${appUrl}/auth/callback`,
  success: (context, { claims }) => context.subject('user', { email: claims.email }),
})
const verifier = createClient({ clientID: client.id, issuer: url })
const app = new Hono()
  .get('/api', async (context) => {
    const [, token = ''] = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '') ?? []
    const { err, subject } = await verifier.verify(subjects, token)
    return err ? context.json({ error: 'invalid_token' }, 401) : context.json(subject)
  })
  /** The mailbox of the user. */
  .get('/mailbox', (context) => context.text(newestCode))
  .route('/', server)
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log('ready'))
