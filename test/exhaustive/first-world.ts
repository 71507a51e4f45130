import type { OwnerName } from './owners.ts'
import { firstRecord } from './records.ts'
import { createServer, type ServerName } from './servers.ts'
import type { Flight, Instance, World } from './world.ts'

function createInstance(name: 'A' | 'B'): Instance {
  const work = { flight: null, exchanges: [], giving: null, unsent: [] }
  return { name, state: 'up', ...work, isServed: false, mayCall: true }
}

export function createWorld(owner: OwnerName, name: ServerName, isExpired: boolean): World {
  return {
    owner,
    isExpired,
    store: firstRecord(owner, isExpired),
    cutOff: '',
    expiries: 1,
    A: createInstance('A'),
    B: createInstance('B'),
    requests: [],
    sent: [],
    server: createServer(name),
    signOut: { step: 'none', snapshot: null, refreshToken: '' },
    consents: [],
    facts: {
      fault: '',
      isReported: false,
      pausedBeforeSend: false,
      stoppedAfterSend: false,
      isOrderUnknown: false,
      noEvidence: false,
      gaveUp: false,
      spareUses: 0,
      lastWaits: 0,
      requests: 0,
      consent: 0,
      removed: -1,
      broken: '',
    },
  }
}

export function createFlight(holder: string): Flight {
  return {
    holder,
    step: 'read',
    snapshot: null,
    isUnsure: false,
    late: false,
    overruns: 0,
    lease: 'free',
    watching: -1,
    watched: 0,
    sinceLook: 0,
    waited: 0,
    sends: { refreshToken: '', count: 0, age: 0 },
    monotonic: 0,
    wall: 0,
  }
}
