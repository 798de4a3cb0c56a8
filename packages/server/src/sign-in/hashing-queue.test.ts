import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TooBusy } from '../http/errors.ts'
import { HashingQueue } from './hashing-queue.ts'

describe('the queue of passwords to check', () => {
  it('the queue of passwords runs a few at once, in their order, refuses what is too much, and goes on after failures', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        async (scheduler, atOnce, mostWaiting, works) => {
          const queue = new HashingQueue(atOnce, mostWaiting)
          const begun: number[] = []
          let [running, most] = [0, 0]
          const outcomes = works.map((fails, index) =>
            queue
              .run(async () => {
                begun.push(index)
                running += 1
                most = Math.max(most, running)
                await scheduler.schedule(Promise.resolve())
                running -= 1
                if (fails) throw new Error('it failed')
                return index
              })
              .catch((error: Error) => error),
          )
          await scheduler.waitFor(Promise.all(outcomes))
          const results = await Promise.all(outcomes)
          const taken = Math.min(works.length, atOnce + mostWaiting)
          expect(most).toBeLessThanOrEqual(atOnce)
          expect(begun).toEqual(Array.from({ length: taken }, (_, index) => index))
          for (const [index, result] of results.entries()) {
            if (index >= taken) expect(result).toBeInstanceOf(TooBusy)
            else if (works[index]) expect(result).toMatchObject({ message: 'it failed' })
            else expect(result).toBe(index)
          }
          expect(await queue.run(async () => 'free again')).toBe('free again')
        },
      ),
    )
  })
})
