import { sessionStoreContract } from '@evertoken/testkit'
import { createDurableObjectStore, type SessionsNamespace } from '../../src/index.ts'

export { EvertokenSessions } from '../../src/index.ts'

/** Runs every case of the contract at the same time, and responds with the results. */
export default {
  async fetch(_request: Request, { SESSIONS }: { readonly SESSIONS: SessionsNamespace }): Promise<Response> {
    const create = () => createDurableObjectStore(SESSIONS)
    const cases = sessionStoreContract(create, { secondStore: create })
    const results = await Promise.all(
      cases.map(async ({ name, run }) => ({ name, problem: await run().then(() => undefined, String) })),
    )
    return Response.json(results)
  },
}
