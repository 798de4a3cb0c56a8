import fc from 'fast-check'
import { describe, it } from 'vitest'
import { DAY, MI6, SECOND, startProvider, UNIVERSAL_EXPORTS } from '../support/provider.ts'
import { COMPANIES, type Model, type Real } from './model.ts'
import { AskEveryone, Authorize, Exchange, Pass, Refresh, Revoke, SetActive, Suspend } from './steps.ts'

describe('the life of a grant', () => {
  it('the life of a grant follows the model, in whatever order things happen', async () => {
    // Mostly what is going on now, and mostly the moments around which the rules change.
    const pick = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: fc.nat({ max: 40 }) })
    const company = fc.constantFrom(...COMPANIES)
    const times = (count: number, command: fc.Arbitrary<fc.AsyncCommand<Model, Real>>) => Array(count).fill(command)
    const moments = [
      SECOND,
      60 * SECOND,
      60 * SECOND + 1,
      299 * SECOND,
      3600 * SECOND,
      DAY - SECOND,
      DAY,
      DAY + 1,
      60 * DAY,
    ]
    const commands = [
      ...times(
        1,
        company.map(c => new Authorize(c)),
      ),
      ...times(
        2,
        pick.map(p => new Exchange(p)),
      ),
      ...times(
        8,
        pick.map(p => new Refresh(p)),
      ),
      ...times(
        1,
        fc.tuple(pick, fc.boolean()).map(([p, whole]) => new Revoke(p, whole)),
      ),
      ...times(
        1,
        fc.tuple(company, fc.boolean()).map(([c, active]) => new SetActive(c, active)),
      ),
      ...times(
        1,
        fc.tuple(company, fc.boolean()).map(([c, suspended]) => new Suspend(c, suspended)),
      ),
      ...times(
        4,
        fc.constantFrom(...moments).map(ms => new Pass(ms)),
      ),
      ...times(1, fc.constant(new AskEveryone())),
    ]
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async sequence => {
        const provider = await startProvider()
        try {
          const client = await provider.registerApp()
          const model: Model = {
            now: provider.now(),
            active: { [MI6]: true, [UNIVERSAL_EXPORTS]: true },
            suspended: {},
            installation: {},
            installations: 0,
            codes: [],
            refreshTokens: [],
            accessTokens: [],
            ended: new Set(),
            revoked: new Set(),
          }
          const real = { provider, client, codes: [] }
          // Every walk starts with a grant to walk on with.
          await new Authorize(MI6).run(model, real)
          await new Exchange(0).run(model, real)
          await fc.asyncModelRun(() => ({ model, real }), sequence)
          await new AskEveryone().run(model, real)
        } finally {
          await provider.close()
        }
      }),
      { numRuns: 500, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
    )
  })
})
