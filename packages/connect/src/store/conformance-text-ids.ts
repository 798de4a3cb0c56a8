import { type ConformanceCheck, same, textIdCheck } from './conformance-check.ts'
import type { LinkKey } from './store.ts'

/**
 * What a store must keep besides, for providers whose ids are texts; a store for integers alone need not. Run them like
 * the others.
 */
export const textIdChecks: readonly ConformanceCheck[] = [
  textIdCheck('keeps ids that are texts as they are', async ({ store, link }) => {
    for (const [index, companyId] of TEXT_IDS.entries()) {
      same(await store.insertLink(link({ companyId, userId: 'user', accountId: String(index) })), true)
    }
    for (const [index, companyId] of TEXT_IDS.entries()) {
      const stored = link({ companyId, userId: 'user', accountId: String(index) })
      same(await store.findLink(stored), stored)
      same(await store.insertLink(stored), false)
    }
  }),
  textIdCheck('takes no text for an integer, whatever digits it has', async ({ store, link, provider }) => {
    const [integer, text] = [
      link({ companyId: 7, userId: 7 }),
      link({ companyId: '7', userId: '7', accountId: 'text' }),
    ]
    same(await store.insertLink(integer), true)
    same(await store.findLink(text), undefined)
    same(await store.insertLink(text), true)
    same(await store.findLink(integer), integer)
    same(await store.findLink(text), text)
    same(await store.replaceLink({ ...text, status: 'uninstalled', version: 2 }), true)
    same((await store.findLink(integer))?.status, 'active')
    same(await store.listLinks(provider, 'account'), [integer])
    same((await store.listLinks(provider, 'text', 'text')).length, 1)
    same(await store.deleteLink(text, 2), true)
    same(await store.findLink(integer), integer)
  }),
  textIdCheck('walks through all links whose ids are texts, each once', async ({ store, link, provider }) => {
    for (const companyId of TEXT_IDS) {
      for (const userId of ['a', 'B', 'ä']) await store.insertLink(link({ companyId, userId }))
    }
    await store.insertLink(link({ companyId: 1, userId: 1 }))
    const seen = new Set<string>()
    let pages = 0
    for (let after: LinkKey | undefined; ; pages++) {
      const page = await store.pageLinks(provider, after, 4, 'text')
      for (const { companyId, userId } of page) seen.add(JSON.stringify([companyId, userId]))
      after = page.at(-1)
      if (page.length < 4) break
    }
    same([seen.size, pages], [TEXT_IDS.length * 3, Math.floor((TEXT_IDS.length * 3) / 4)])
  }),
]

/** Digits, cases, marks of the keys' own text, and texts that differ by little. */
const TEXT_IDS = ['7', '07', '7.0', ' 7', 'a:b', '"', 'A', 'a', 'é', 'e\u0301', '東京', '9130357849271196']
