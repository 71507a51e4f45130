import { describe, expect, it } from 'vitest'
import { applyEdits, type Edit } from '../../scripts/mutants/apply.mjs'
import { mutantProblems } from '../../scripts/mutants/problems.mjs'

describe('the mutants of core', () => {
  it('fit the sources', () => {
    expect(mutantProblems()).toEqual([])
  })

  it('capture code and put it into the replacement', () => {
    const swapped = apply({ in: 'touch', replace: 'Math.max($a, $b)', with: 'Math.max($b, $a)' })
    expect(swapped).toContain('touchedAt: (Math.max(now, record.touchedAt))')
  })

  it('find code in any format', () => {
    const mutant = apply({
      in: 'untilWon',
      replace: 'if (($result) !== "again") {\n return ($result); }',
      with: 'return 1',
    })
    expect(mutant).toContain('\n    return 1\n')
  })

  it('change the value of a constant', () => {
    expect(apply({ constant: 'LISTEN_MS', with: '$value * 2' })).toContain('LISTEN_MS = (65_000 * 2)')
  })

  it('remove a property, or the statement around other code', () => {
    expect(apply({ in: 'withLedger', remove: 'browserIsCurrent: undefined' })).toContain('{ ...next,  }')
    const mutant = apply({ in: 'withDeadline', remove: 'Promise.resolve()' })
    expect(mutant).not.toContain('await Promise.resolve()')
  })

  it('name the mutant, the function and the places of the code if an edit does not fit', () => {
    const replace = 'Math.max($before.touchedAt, $now)'
    expect(() => apply({ in: 'retouched', replace, with: '1' })).toThrow(
      /Mutant 'test': no function .* 'retouched'(?:.*\n)*.*session-record\.ts:\d+ in 'touch'/,
    )
    expect(() => apply({ in: 'touch', replace: '$a.generation', with: '1' })).toThrow(
      /Mutant 'test': 'touch' must contain this code once: \$a\.generation(?:.*\n)*.*at: no place/,
    )
    expect(() => apply({ in: 'settleRejection', replace: "return 'again'", with: '' })).toThrow(
      /once: return 'again'(?:.*\n)*.*contains the code at: .*settle\.ts:\d+.*, .*settle\.ts/,
    )
    expect(() => apply({ in: 'touch', replace, with: replace.replace('$before', '$other') })).toThrow(
      /uses \$other/,
    )
    expect(() => apply({ in: 'touch', replace, with: 'later' })).toThrow(/uses 'later'/)
    expect(() => apply({ constant: 'LISTEN_MS', with: 'if' })).toThrow(/Mutant 'test': /)
  })
})

function apply(edit: Edit): string {
  const [source = ''] = applyEdits('test', [edit]).values()
  return source
}
