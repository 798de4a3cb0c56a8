import { describe, expect, it } from 'vitest'
import { COST, FairQueue } from './fair-queue.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('slow requests', () => {
  it('slow requests begin at once while they are few, and a few per turn in order while they are many; none is lost', async () => {
    const queue = new FairQueue()
    const begun: number[] = []
    const add = (id: number) => queue.add(() => begun.push(id))
    for (let id = 0; id < 3; id++) add(id)
    expect(begun).toEqual([0, 1, 2])
    await turn()
    const all = Array.from({ length: 100 }, (_, index) => index + 3)
    for (const id of all) add(id)
    const counts = [begun.length - 3]
    while (begun.length < 103) {
      const before = begun.length
      await turn()
      counts.push(begun.length - before)
      // One that comes meanwhile does not overtake those that wait.
      if (counts.length === 5) {
        add(1000)
        expect(begun).not.toContain(1000)
      }
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(4)
    expect(Math.min(...counts.slice(0, -1))).toBeGreaterThan(0)
    while (!begun.includes(1000)) await turn()
    expect(begun).toEqual([0, 1, 2, ...all, 1000])
    await turn()
    add(2000)
    expect(begun.at(-1)).toBe(2000)
  })

  it('more requests begin in a turn where they cost less', async () => {
    const queue = new FairQueue()
    let begun = 0
    const costs = [...Array(20).fill(COST.direct), COST.full, ...Array(40).fill(COST.direct)]
    for (const cost of costs) queue.add(() => begun++, cost)
    const counts = [begun]
    while (begun < costs.length) {
      await turn()
      counts.push(begun - counts.reduce((a, b) => a + b))
    }
    expect(counts).toEqual([12, 10, 12, 12, 12, 3])
  })

  it('a slow request that fails does not stop the next one', async () => {
    const queue = new FairQueue()
    const begun: number[] = []
    for (let id = 0; id < 12; id++) {
      const begin = () => {
        begun.push(id)
        if (id === 1 || id === 5) throw new Error(`${id}`)
      }
      if (id === 1) expect(() => queue.add(begin)).toThrow('1')
      else queue.add(begin)
    }
    const errors: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', error => errors.push(error))
    for (let index = 0; index < 5; index++) await turn()
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(begun).toEqual([...Array(12).keys()])
    expect(errors).toMatchObject([{ message: '5' }])
  })
})
