import { homedir } from 'node:os'
import { join } from 'node:path'
import { createConnections } from '@evertoken/node/connections'
import { createFileStore, loadSecretFile } from '@evertoken/node/file-store'

const { ISSUER = '', API_URL = '', XDG_CONFIG_HOME } = process.env

// An empty variable counts as missing (XDG Base Directory Specification).
const folder = join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'evertoken-orders')
const connections = createConnections({
  encryptionSecret: await loadSecretFile({ path: join(folder, 'secret') }),
  store: createFileStore({ path: join(folder, 'tokens.json') }),
  providers: {
    orders: {
      issuer: ISSUER,
      clientId: 'orders-cli',
      // A program that users install cannot keep a secret.
      clientAuthentication: 'none',
      scope: 'openid offline_access orders:read',
      resource: API_URL,
      authorizationParameters: { prompt: 'consent' },
    },
  },
})

// A command-line tool has one owner: the user of the machine.
export const account = connections.get('me', 'orders')
export const orders = account.createTokenFetch({ baseUrl: `${API_URL}/orders/`, throwTokenErrors: true })
