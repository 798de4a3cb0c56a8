import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineOrder, type Subject } from './line-order.ts'

const subject: fc.Arbitrary<Subject> = fc.record({ name: fc.constantFrom('a', 'b', 'c'), isShared: fc.boolean() })

it('no work overlaps with other work on its subject unless both share it, and it never overtakes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          subjects: fc.uniqueArray(subject, { selector: ({ name }) => name, maxLength: 3 }),
          steps: fc.nat(4),
          fails: fc.boolean(),
        }),
        { maxLength: 25 },
      ),
      async lines => {
        const order = new LineOrder()
        const running = new Set<number>()
        const begun: number[] = []
        const clash = (one: number, other: number) =>
          lines[one]!.subjects.some(a =>
            lines[other]!.subjects.some(b => a.name === b.name && !(a.isShared && b.isShared)),
          )
        const results = lines.map(({ subjects, steps, fails }, index) =>
          order.run(subjects, async () => {
            for (const other of running) expect(clash(index, other)).toBe(false)
            for (const later of begun) if (later > index) expect(clash(index, later)).toBe(false)
            begun.push(index)
            running.add(index)
            for (let step = 0; step < steps; step++) await Promise.resolve()
            running.delete(index)
            if (fails) throw new Error('failed')
            return index
          }),
        )
        const settled = await Promise.allSettled(results)
        expect(settled.map(({ status }) => status)).toEqual(
          lines.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')),
        )
        expect(settled.every(each => each.status === 'fulfilled' || String(each.reason) === 'Error: failed')).toBe(true)
      },
    ),
  )
})

it('work that shares a subject runs at once', async () => {
  const order = new LineOrder()
  const shared = [{ name: 'company', isShared: true }]
  let running = 0
  let most = 0
  const work = async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise(resolve => setImmediate(resolve))
    running -= 1
  }
  await Promise.all(Array.from({ length: 10 }, () => order.run(shared, work)))
  expect(most).toBe(10)
})
