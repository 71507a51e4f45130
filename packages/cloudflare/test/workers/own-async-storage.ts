import { AsyncLocalStorage } from 'node:async_hooks'
import { createMemoryStore, evertoken } from '../../src/index.ts'

const auth = evertoken(
  {
    issuer: 'https://login.example.com',
    clientId: 'web',
    encryptionSecret: 'a secret of thirty-two characters',
    store: createMemoryStore(),
  },
  { asyncStorage: new AsyncLocalStorage<object>() },
)

export default {
  fetch: auth.handler(async () => Response.json({ signedIn: (await auth.getUser()) !== undefined })),
}
