import { describe, expect, it } from 'vitest'
import { describeFailure } from '../http/failure.ts'
import { Contended, OutcomeUnknown, retryOnConflict, WriteConflict } from './store.ts'

/** What is answered where each decision fails as `decide` says. */
async function answerTo(decide: (round: number) => Error) {
  let rounds = 0
  const error: Error = await retryOnConflict(async () => {
    rounds += 1
    throw decide(rounds)
  }).catch(thrown => thrown)
  return { rounds, error, ...describeFailure(error, 'an-id').answer }
}

describe('a decision that is made again', () => {
  it('a decision that others always come before ends with 503: nothing was changed, and it may be tried again', async () => {
    const { rounds, error, status, kind, headers } = await answerTo(() => new WriteConflict())
    expect(rounds).toBeGreaterThan(10)
    expect(error).toBeInstanceOf(Contended)
    expect([status, kind, headers]).toEqual([503, 'unavailable', { 'Retry-After': '2' }])
  })

  it.each([
    ['of every round', 0],
    ['of one round', Infinity],
  ])(
    'a decision that is given up, the outcome %s unknown, ends with 503 that does not say that nothing was changed',
    async (_, others) => {
      const unknown = new OutcomeUnknown('lost')
      const answer = await answerTo(round =>
        round <= others && round !== 2 ? new WriteConflict() : new WriteConflict(unknown.message, { cause: unknown }),
      )
      expect(answer.error).toBe(unknown)
      expect([answer.status, answer.kind]).toEqual([503, 'outcome_unknown'])
    },
  )

  it('a decision that fails for another reason is not made again', async () => {
    const { rounds, status } = await answerTo(() => new Error('a fault'))
    expect([rounds, status]).toEqual([1, 500])
  })
})
