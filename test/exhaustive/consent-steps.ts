import { readStore, type Step, swapStore } from './draft.ts'
import { connect, hasOtherAccount } from './owners.ts'
import { grantOf, recordOf } from './records.ts'
import { giveGrant, grantNumberOf } from './servers.ts'
import type { Consent, World } from './world.ts'

/**
 * `connect` in `connection-changes.ts`, in further processes, after the user has given a grant.
 *
 * @param maxConsents - With 2, two processes connect at the same time.
 */
export function consentSteps(world: World, maxConsents: number): Step[] {
  const { consents } = world
  const isFirst = world.signOut.step === 'none'
  const beginnings = [true, false]
    // A connection refuses another account while it has one.
    .filter((isFirstAccount) => isFirstAccount || !isFirst)
    .map((isFirstAccount): Step => ({
      text: `the user connects ${isFirstAccount ? 'the first' : 'another'} account`,
      isUrgent: false,
      apply(draft) {
        const refreshToken = giveGrant(draft.server)
        draft.consents.push({ step: 'read', isFirstAccount, refreshToken, snapshot: null })
      },
    }))
  return [
    ...(consents.length < maxConsents ? beginnings : []),
    ...consents.flatMap((consent, index) => stepsOf(consent, index)),
  ]
}

function stepsOf({ step, refreshToken, isFirstAccount }: Consent, index: number): Step[] {
  const act = (text: string, apply: (draft: World, consent: Consent) => void): Step[] => [
    {
      text: `consent ${index} ${text}`,
      isUrgent: true,
      apply: (draft) => apply(draft, draft.consents[index] as Consent),
    },
  ]
  if (step === 'read')
    return act('reads the record', (draft, consent) => {
      const isRefused = hasOtherAccount(recordOf(draft.store), isFirstAccount)
      if (isRefused) consent.step = 'done'
      else Object.assign(consent, { step: 'swap', snapshot: readStore(draft) })
    })
  if (step !== 'swap') return []
  return act('stores the grant', (draft, consent) => {
    const { snapshot } = consent
    const earlier = snapshot && recordOf(snapshot.record)
    const { accessToken } = grantOf(refreshToken)
    const next = earlier && connect(earlier, accessToken, refreshToken, isFirstAccount)
    const isWon = swapStore(draft, snapshot, next, true)
    Object.assign(consent, { step: isWon ? 'done' : 'read', snapshot: null })
    if (!isWon) return
    draft.facts.consent = grantNumberOf(draft.server, refreshToken)
    // The server may have continued the grant of the same account, so it is not revoked.
    if (isFirstAccount) draft.facts.removed = -1
  })
}
