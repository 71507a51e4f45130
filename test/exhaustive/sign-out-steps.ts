import { keptRecord, readStore, type Step, swapStore } from './draft.ts'
import { ownerOf } from './owners.ts'
import { recordOf } from './records.ts'
import { grantNumberOf, revoke } from './servers.ts'
import type { World } from './world.ts'

/** `end` in `stored-session.ts` or `disconnect` in `connection-changes.ts`, in a third process, and the revocation. */
export function signOutSteps(world: World): Step[] {
  const { step, refreshToken } = world.signOut
  const act = (text: string, isUrgent: boolean, apply: (draft: World) => void): Step[] => [
    { text, isUrgent, apply },
  ]
  switch (step) {
    case 'none':
      if (!keptRecord(world) || world.cutOff) return []
      return act('the user signs out', false, (draft) => {
        draft.signOut.step = 'read'
      })
    case 'read':
      return act('the sign-out reads the record', true, (draft) => {
        const isThere = keptRecord(draft) !== undefined
        Object.assign(
          draft.signOut,
          isThere ? { step: 'swap', snapshot: readStore(draft) } : { step: 'done' },
        )
      })
    case 'swap':
      return act('the sign-out ends the session', true, (draft) => {
        const { snapshot } = draft.signOut
        const last = snapshot && recordOf(snapshot.record)
        const isWon = last && swapStore(draft, snapshot, ownerOf(last).remove(last))
        const { refreshToken: token = '' } = last?.ledger ?? {}
        const next = isWon ? { step: 'revoke', refreshToken: token } : { step: 'read' }
        Object.assign(draft.signOut, { ...next, snapshot: null })
        if (isWon) draft.facts.removed = grantNumberOf(draft.server, token)
      })
    case 'revoke':
      return act('the sign-out revokes the refresh token', true, (draft) => {
        if (refreshToken) revoke(draft.server, refreshToken)
        Object.assign(draft.signOut, { step: 'done', refreshToken: '' })
      })
    case 'done':
      return []
  }
}
