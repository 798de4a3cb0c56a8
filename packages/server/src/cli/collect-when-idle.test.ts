import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CollectionSchedule } from './collect-when-idle.ts'

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

  it('an idle process holds less than one that nothing makes collect', async () => {
    const heapAtRest = async (collects: boolean) => {
      const program = `import { collectWhenIdle } from ${JSON.stringify(new URL('./collect-when-idle.ts', import.meta.url).href)}
        let lists = []
        for (let each = 0; each < 300; each++) lists.push(Array.from({ length: 1000 }, (_, index) => each + ' ' + index))
        lists = []
        if (${collects}) collectWhenIdle()
        setTimeout(() => console.log(process.memoryUsage().heapTotal), 5000)`
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
      return Number(stdout)
    }
    const [given, held] = await Promise.all([heapAtRest(true), heapAtRest(false)])
    expect(held).toBeGreaterThan(0)
    expect(given).toBeLessThan(held * 0.7)
  })
})
