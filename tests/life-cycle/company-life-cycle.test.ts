import fc from 'fast-check'
import { addMember, createCompany, removeMember, setMember } from 'tenantry'
import { describe, it } from 'vitest'
import {
  BOND,
  MI6,
  MONEYPENNY,
  MONEYPENNY_EMAIL,
  onPostgres,
  startProvider,
  type TestProvider,
} from '../support/provider.ts'
import { newModel, type Real, SCOPES } from './company-model.ts'
import {
  allows,
  asksEveryone,
  asksForApp,
  becomes,
  blocks,
  joins,
  keeps,
  leaves,
  opens,
  refreshes,
  removes,
  removesForAll,
  says,
  serves,
} from './company-steps.ts'

/** `npm run histories` tries 100,000. */
const HISTORIES = Number(process.env.TENANTRY_TEST_HISTORIES ?? (onPostgres ? 60 : 300))
/** One provider sees many companies come and go. */
const PER_PROVIDER = 200

describe('the life of an app at a company', () => {
  const user = fc.constantFrom(BOND, MONEYPENNY)
  const scopes = fc.subarray(SCOPES, { minLength: 1 }).map(names => new Set(names))
  const steps = fc.commands(
    [
      ...Array(4).fill(fc.tuple(user, scopes).map(([who, asked]) => opens(who, asked))),
      ...Array(2).fill(fc.tuple(user, scopes).map(([who, asked]) => allows(who, asked, 'company'))),
      fc.tuple(user, scopes).map(([who, asked]) => allows(who, asked, 'me')),
      fc.constant(asksForApp),
      fc.tuple(user, fc.constantFrom('allowed' as const, 'excluded' as const, null)).map(([who, to]) => says(who, to)),
      fc.constantFrom('all' as const, 'named' as const).map(serves),
      scopes.map(keeps),
      fc.constant(removesForAll),
      user.map(removes),
      fc.tuple(user, fc.boolean()).map(([who, active]) => becomes(who, { active })),
      fc.tuple(user, fc.boolean()).map(([who, isAdmin]) => becomes(who, { isAdmin })),
      user.map(leaves),
      ...Array(2).fill(fc.tuple(user, fc.boolean()).map(([who, isAdmin]) => joins(who, isAdmin))),
      fc.boolean().map(blocks),
      ...Array(2).fill(fc.nat({ max: 20 }).map(refreshes)),
      fc.constant(asksEveryone),
    ],
    { maxCommands: 30, size: 'max' },
  )

  it('who may do what follows the model, in whatever order administrators, members and apps act', async () => {
    let [provider, browsers, runs] = [await startProvider(), {} as Real['browsers'], 0]
    const renew = async () => {
      await provider.close()
      provider = await startProvider()
      browsers = await signedIn(provider)
    }
    browsers = await signedIn(provider)
    try {
      await fc.assert(
        fc.asyncProperty(steps, fc.boolean(), async (sequence, isInstalled) => {
          if (++runs % PER_PROVIDER === 0) await renew()
          const companyId = 1000 + runs
          const { runtime } = provider
          await createCompany(runtime, { companyId, name: 'A company', domain: `company-${companyId}` })
          await addMember(runtime, { companyId, userId: BOND, isAdmin: true })
          await addMember(runtime, { companyId, userId: MONEYPENNY })
          const client = await provider.registerApp({ install: 'both', scopes: SCOPES })
          const model = newModel(BOND, MONEYPENNY)
          const real = { provider, client, companyId, browsers }
          try {
            // Most of what can go wrong begins with an app that is in use.
            if (isInstalled) {
              await allows(BOND, new Set(SCOPES), 'company').run(model, real)
              await opens(MONEYPENNY, new Set(SCOPES)).run(model, real)
            }
            await fc.asyncModelRun(() => ({ model, real }), sequence)
            await asksEveryone.run(model, real)
          } finally {
            for (const userId of [BOND, MONEYPENNY]) await removeMember(runtime, companyId, userId).catch(() => {})
          }
        }),
        { numRuns: HISTORIES },
      )
    } finally {
      await provider.close()
    }
  })

  /** People who are members nowhere yet: with one company there is nothing to choose. */
  async function signedIn(provider: TestProvider): Promise<Real['browsers']> {
    const [bond, moneypenny] = [provider.person(), provider.person()]
    await bond.signIn()
    await moneypenny.signIn(MONEYPENNY_EMAIL)
    const { runtime } = provider
    await setMember(runtime, MI6, BOND, { active: false })
    await setMember(runtime, 2, BOND, { active: false })
    await setMember(runtime, MI6, MONEYPENNY, { active: false })
    return { [BOND]: bond, [MONEYPENNY]: moneypenny }
  }
})
