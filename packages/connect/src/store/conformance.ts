import { type ConformanceCheck, check, pause, same } from './conformance-check.ts'
import type { LinkKey, StoredLink } from './store.ts'

export type { ConformanceCheck } from './conformance-check.ts'
export { textIdChecks } from './conformance-text-ids.ts'

/**
 * What every store must keep, for any test runner: `for (const check of conformanceChecks) it(check.name, () =>
 * check.run(store))`. The checks use a provider name of their own each time, so that they can run on a store with data;
 * what they write, they delete.
 */
export const conformanceChecks: readonly ConformanceCheck[] = [
  check('returns a link as it was stored, with ids near 2^53 and every field', async ({ store, link }) => {
    const stored = link({ companyId: Number.MAX_SAFE_INTEGER, userId: Number.MAX_SAFE_INTEGER - 1 })
    same(await store.insertLink(stored), true)
    same(await store.findLink(stored), stored)
  }),
  check('gives back a link whose fields are null', async ({ store, link }) => {
    const stored = link({ notice: null, scope: null, apiDomain: null, tokens: null, tokensExpireAt: null })
    await store.insertLink(stored)
    same(await store.findLink(stored), stored)
  }),
  check('keeps text of any language, quotes and marks as it is', async ({ store, link }) => {
    const stored = link({
      accountId: 'd\'Artagnan "1" $1 ?1 \\ %',
      identity: '{"name":"جيمس 👋 ; DROP TABLE connect_links; --"}',
    })
    await store.insertLink(stored)
    same(await store.findLink(stored), stored)
  }),
  check('finds nothing where nothing is', async ({ store, key }) => {
    same(await store.findLink(key), undefined)
  }),
  check('keeps one link for a company and user, and says when there is one', async ({ store, link }) => {
    const first = link({ accountId: 'first' })
    same(await store.insertLink(first), true)
    same(await store.insertLink({ ...first, accountId: 'second' }), false)
    same((await store.findLink(first))?.accountId, 'first')
  }),
  check('keeps the same user apart at two companies, and two users at one', async ({ store, link }) => {
    for (const [companyId, userId] of [
      [1, 7],
      [2, 7],
      [1, 8],
    ] as const) {
      same(await store.insertLink(link({ companyId, userId, accountId: `${companyId}-${userId}` })), true)
    }
    same((await store.findLink(link({ companyId: 2, userId: 7 })))?.accountId, '2-7')
    same((await store.findLink(link({ companyId: 1, userId: 8 })))?.accountId, '1-8')
  }),
  check('keeps one of many links that are added at once', async ({ store, link }) => {
    const added = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.insertLink(link({ accountId: String(index) }))),
    )
    same(added.filter(Boolean).length, 1)
    same((await store.findLink(link({})))?.accountId, String(added.indexOf(true)))
  }),
  check('replaces a link of the version before, and no other', async ({ store, link }) => {
    const first = link({})
    await store.insertLink(first)
    const second: StoredLink = { ...first, status: 'uninstalled', tokens: null, accountId: 'other', version: 2 }
    same(await store.replaceLink(second), true)
    same(await store.findLink(first), second)
    same(await store.replaceLink({ ...first, version: 2 }), false)
    same(await store.replaceLink({ ...first, version: 4 }), false)
    same(await store.findLink(first), second)
  }),
  check('replaces nothing where nothing is', async ({ store, link }) => {
    same(await store.replaceLink(link({ version: 2 })), false)
    same(await store.findLink(link({})), undefined)
  }),
  check('lets one of many writers of the same version win', async ({ store, link }) => {
    await store.insertLink(link({}))
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.replaceLink(link({ accountId: String(index), version: 2 }))),
    )
    same(won.filter(Boolean).length, 1)
    same((await store.findLink(link({})))?.accountId, String(won.indexOf(true)))
  }),
  check('deletes a link of the given version only', async ({ store, link }) => {
    const stored = link({})
    await store.insertLink(stored)
    same(await store.deleteLink(stored, 2), false)
    same(await store.findLink(stored), stored)
    same(await store.deleteLink(stored, 1), true)
    same(await store.findLink(stored), undefined)
  }),
  check('lists the links of an account, oldest first, and of no other', async ({ store, link, provider }) => {
    await store.insertLink(link({ companyId: 1, installedAt: 3000 }))
    await store.insertLink(link({ companyId: 2, installedAt: 1000 }))
    await store.insertLink(link({ companyId: 3, installedAt: 2000 }))
    await store.insertLink(link({ companyId: 4, accountId: 'another account' }))
    const companies = (await store.listLinks(provider, 'account')).map(({ companyId }) => companyId)
    same(companies, [2, 3, 1])
    same(await store.listLinks(`${provider} not`, 'account'), [])
  }),
  check('walks through all links in pages, each once', async ({ store, link, provider }) => {
    for (let index = 0; index < 25; index++) {
      await store.insertLink(link({ companyId: 1 + (index % 5), userId: 1 + Math.floor(index / 5) }))
    }
    const seen: string[] = []
    for (let after: LinkKey | undefined; ; ) {
      const page = await store.pageLinks(provider, after, 7)
      seen.push(...page.map(({ companyId, userId }) => `${companyId}-${userId}`))
      after = page.at(-1)
      if (page.length < 7) break
    }
    same(seen, [...new Set(seen)].sort())
    same(seen.length, 25)
  }),
  check('gives a lease to one holder at a time', async ({ store, lease }) => {
    same(await store.acquireLease(lease, 'a', 60_000), true)
    same(await store.acquireLease(lease, 'b', 60_000), false)
    await store.releaseLease(lease, 'b')
    same(await store.acquireLease(lease, 'b', 60_000), false)
    await store.releaseLease(lease, 'a')
    same(await store.acquireLease(lease, 'b', 60_000), true)
  }),
  check('gives a lease to one of many who ask at once', async ({ store, lease }) => {
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.acquireLease(lease, String(index), 60_000)),
    )
    same(taken.filter(Boolean).length, 1)
  }),
  check('extends a lease for its holder', async ({ store, lease }) => {
    same(await store.acquireLease(lease, 'a', 300), true)
    same(await store.acquireLease(lease, 'a', 60_000), true)
    await pause(400)
    same(await store.acquireLease(lease, 'b', 60_000), false)
  }),
  check('lets a lease that ran out be taken', async ({ store, lease }) => {
    same(await store.acquireLease(lease, 'a', 50), true)
    await pause(120)
    same(await store.acquireLease(lease, 'b', 60_000), true)
    same(await store.acquireLease(lease, 'a', 60_000), false)
  }),
]
