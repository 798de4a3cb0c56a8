import { memoryUsage } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CollectionSchedule, collectWhenIdle } from './collect-when-idle.ts'

describe('memory that is not needed', () => {
  it('memory is given back once after the start, and once after each busy time, never while busy', () => {
    const schedule = new CollectionSchedule()
    /** In which of so many seconds it is collected. */
    const collected = (seconds: number, utilization: number) =>
      [...Array(seconds).keys()].filter(() => schedule.isNow(utilization)).length
    expect(collected(1000, 0.9)).toBe(0)
    expect(collected(1, 0)).toBe(0)
    expect(collected(1000, 0)).toBe(1)
    // A request now and then is no reason to collect, and one that comes puts it off.
    expect(collected(1000, 0.1)).toBe(0)
    expect(collected(1000, 0)).toBe(0)
    expect(collected(1, 0.5)).toBe(0)
    expect(collected(59, 0)).toBe(0)
    expect(collected(1, 0.1)).toBe(0)
    expect(collected(59, 0)).toBe(0)
    expect(collected(1000, 0)).toBe(1)
  })

  it('a collection gives back what the process has grown to', async () => {
    let lists: string[][] = []
    for (let each = 0; each < 300; each++) lists.push(Array.from({ length: 1000 }, (_, index) => `${each} ${index}`))
    lists = []
    const grown = memoryUsage().heapTotal
    const stop = collectWhenIdle()
    for (let waited = 0; waited < 30 && memoryUsage().heapTotal > grown * 0.9; waited++) await sleep(1000)
    stop()
    expect(memoryUsage().heapTotal).toBeLessThan(grown * 0.9)
    expect(lists).toEqual([])
  })
})
