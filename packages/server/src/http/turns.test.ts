import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('requests that take long', () => {
  it('begin at once while there are few, a few a turn while there are many, in order, and none is lost', async () => {
    const turns = new Turns()
    const begun: number[] = []
    const take = (id: number) => turns.take(() => begun.push(id))
    for (let id = 0; id < 3; id++) take(id)
    expect(begun).toEqual([0, 1, 2])
    await turn()
    const all = Array.from({ length: 100 }, (_, index) => index + 3)
    for (const id of all) take(id)
    const counts = [begun.length - 3]
    while (begun.length < 103) {
      const before = begun.length
      await turn()
      counts.push(begun.length - before)
      // One that comes meanwhile does not overtake those that wait.
      if (counts.length === 5) {
        take(1000)
        expect(begun).not.toContain(1000)
      }
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(4)
    expect(Math.min(...counts.slice(0, -1))).toBeGreaterThan(0)
    while (!begun.includes(1000)) await turn()
    expect(begun).toEqual([0, 1, 2, ...all, 1000])
    await turn()
    take(2000)
    expect(begun.at(-1)).toBe(2000)
  })

  it('one that fails keeps no other from its turn', async () => {
    const turns = new Turns()
    const begun: number[] = []
    for (let id = 0; id < 12; id++) {
      const begin = () => {
        begun.push(id)
        if (id === 1 || id === 5) throw new Error(`${id}`)
      }
      if (id === 1) expect(() => turns.take(begin)).toThrow('1')
      else turns.take(begin)
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
