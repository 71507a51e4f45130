import {
  createDurableObjectStore,
  EvertokenSessions as Sessions,
  type SessionsNamespace,
  type SessionsState,
} from '../../src/index.ts'

interface WatchedState extends SessionsState {
  readonly storage: SessionsState['storage'] & { getAlarm(): Promise<number | null> }
}

/** Returns its records. */
export class EvertokenSessions extends Sessions {
  readonly #state: WatchedState

  constructor(state: WatchedState) {
    super(state)
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    if (request.method !== 'GET') return super.fetch(request)
    const { storage } = this.#state
    return Response.json({ entries: [...storage.kv.list()].length, alarm: await storage.getAlarm() })
  }
}

interface Env {
  readonly SESSIONS: SessionsNamespace
}

interface Stub {
  fetch(url: string, init?: RequestInit): Promise<Response>
}

/** `POST` calls a method of the store, `GET` returns the object of a name, and `PUT` passes a message on to that. */
export default {
  async fetch(request: Request, { SESSIONS }: Env): Promise<Response> {
    const name = new URL(request.url).searchParams.get('name') ?? ''
    if (request.method === 'GET') return objectOf(SESSIONS, name).fetch('https://sessions/')
    if (request.method === 'PUT') {
      const asked = objectOf(SESSIONS, name).fetch('https://sessions/', {
        method: 'POST',
        body: await request.text(),
      })
      return asked.catch((error: unknown) => new Response(String(error), { status: 500 }))
    }
    const store = createDurableObjectStore(SESSIONS)
    const [part, method, ...args] = (await request.json()) as [keyof typeof parts, string, ...unknown[]]
    const parts = { store, index: store.index }
    const methods = parts[part] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    return Response.json((await methods[method]?.(...args.map((arg) => arg ?? undefined))) ?? null)
  },
}

function objectOf(namespace: SessionsNamespace, name: string): Stub {
  return namespace.get(namespace.idFromName(name)) as unknown as Stub
}
