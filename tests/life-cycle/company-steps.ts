import type fc from 'fast-check'
import {
  addMember,
  changeCompanyInstallation,
  removeInstallation,
  removeMember,
  setAppPolicy,
  setMember,
  setMemberAccess,
} from 'tenantry'
import { leaveOut } from '../../packages/server/src/apps/company-installations.ts'
import { findCompanyInstallation } from '../../packages/server/src/store/queries/company-installations.ts'
import type { TokenAnswer } from '../support/client.ts'
import {
  common,
  isAlive,
  isServed,
  isStanding,
  isWithin,
  less,
  type Model,
  mayUse,
  type Real,
  textOf,
} from './company-model.ts'
import { insist } from './model.ts'

type Command = fc.AsyncCommand<Model, Real>

/** A step with a name for the report of a failure. */
const step = (name: string, run: Command['run'], check: Command['check'] = () => true): Command => ({
  check,
  run,
  toString: () => name,
})

const keyOf = ({ companyId, client }: Real) => ({ company_id: companyId, client_id: client.id })

async function keep(
  model: Model,
  { client }: Real,
  code: string,
  who: number | 'app',
  number: number,
  scopes: Set<string>,
) {
  const tokens: TokenAnswer = await client.tokens(code)
  insist(tokens.scope === textOf(scopes), `got ${tokens.scope}, expected ${textOf(scopes)}`)
  model.tokens.push({ access: tokens.access_token, refresh: tokens.refresh_token, who, number, scopes })
}

const codeIn = (answer: Response) => {
  const location = answer.headers.get('Location')
  return location?.startsWith('https:') ? (new URL(location).searchParams.get('code') ?? undefined) : undefined
}

/** A member opens the app: only whom the company's installation serves gets a code unasked. */
export const opens = (user: number, asked: Set<string>) =>
  step(`${user} opens for ${textOf(asked)}`, async (model, real) => {
    const answer = await real.browsers[user]!.request(real.client.authorizePath({ scope: textOf(asked) }))
    const code = codeIn(answer)
    const { company, own, leftOut, members } = model
    const exceeds = company !== undefined && members[user]?.isAdmin === true && !isWithin(asked, company.scopes)
    const scopes = company ? common(asked, company.scopes) : new Set<string>()
    const mine = own[user]
    const isUnasked =
      mayUse(model, user) &&
      company !== undefined &&
      !leftOut[user] &&
      !exceeds &&
      scopes.size > 0 &&
      (mine?.kind !== 'user' || isWithin(scopes, mine.scopes))
    insist((code !== undefined) === isUnasked, `${answer.status}: ${code ? 'a' : 'no'} code, expected ${isUnasked}`)
    if (code === undefined) return
    const installation = mine ?? { number: ++model.installations, kind: 'member' as const, scopes: new Set<string>() }
    for (const scope of scopes) installation.scopes.add(scope)
    own[user] = installation
    await keep(model, real, code, user, installation.number, scopes)
  })

/** A member is asked, and allows: for themself, or for everyone. */
export const allows = (user: number, asked: Set<string>, installFor: 'me' | 'company') =>
  step(`${user} allows ${textOf(asked)} for ${installFor}`, async (model, real) => {
    const browser = real.browsers[user]!
    const page = await browser.open(real.client.authorizePath({ scope: textOf(asked), prompt: 'consent' }))
    const isAsked = page.document.querySelector('button[value=allow]') !== null
    const { company, own, leftOut, members } = model
    const isAdmin = members[user]?.isAdmin === true
    const scopes = company && !(isAdmin && !isWithin(asked, company.scopes)) ? common(asked, company.scopes) : asked
    const mayBeAsked = mayUse(model, user) && scopes.size > 0
    insist(isAsked === mayBeAsked, `${page.status}: ${isAsked ? 'asked' : 'not asked'}`)
    if (!isAsked) return
    const code = codeIn(await browser.submit(page, { decision: 'allow', install_for: installFor }))
    const isGiven = installFor === 'me' || isAdmin
    insist((code !== undefined) === isGiven, `${code ? 'a' : 'no'} code, expected ${isGiven}`)
    if (code === undefined) return
    if (installFor === 'company') {
      model.company ??= { number: ++model.installations, scopes: new Set(), audience: 'all' }
      for (const scope of scopes) model.company.scopes.add(scope)
      return keep(model, real, code, 'app', model.company.number, new Set(scopes))
    }
    const isOfCompany = company !== undefined && isWithin(scopes, company.scopes) && own[user]?.kind !== 'user'
    const before = own[user] ?? { number: ++model.installations, scopes: new Set<string>() }
    own[user] = { ...before, kind: isOfCompany ? 'member' : 'user', scopes: new Set([...before.scopes, ...scopes]) }
    leftOut[user] = false
    await keep(model, real, code, user, before.number, new Set(scopes))
  })

export const asksForApp = step('the app asks for itself', async (model, real) => {
  const { client, companyId } = real
  const form = { grant_type: 'client_credentials', company_id: String(companyId) }
  const answer = await client.post('/oauth/token', form)
  const isGiven = model.company !== undefined && !model.isBlocked
  insist((answer.status === 200) === isGiven, `client_credentials answered ${answer.status}`)
  if (!isGiven) return
  const tokens = (await answer.json()) as TokenAnswer
  const { number, scopes } = model.company!
  const expected = [...scopes].toSorted().join()
  insist(tokens.scope.split(' ').toSorted().join() === expected, `got ${tokens.scope}, expected ${expected}`)
  model.tokens.push({ access: tokens.access_token, refresh: undefined, who: 'app', number, scopes: new Set(scopes) })
})

export const says = (user: number, access: 'allowed' | 'excluded' | null) =>
  step(`${user} is ${access}`, async (model, real) => {
    const done = await setMemberAccess(real.provider.runtime, { ...keyOf(real), user_id: user }, access).catch(
      () => 'no',
    )
    const isDone = model.company !== undefined && model.members[user] !== undefined
    insist((done !== 'no') === isDone, `access answered ${done}`)
    if (!isDone) return
    model.access[user] = access
    if (!isServed(model, user)) model.own[user] = undefined
  })

export const serves = (audience: 'all' | 'named') =>
  step(`serves ${audience}`, async (model, real) => {
    await changeCompanyInstallation(real.provider.runtime, keyOf(real), { audience }).catch(() => {})
    if (!model.company || model.company.audience === audience) return
    model.company.audience = audience
    for (const user of Object.keys(model.members).map(Number)) if (!isServed(model, user)) model.own[user] = undefined
  })

export const keeps = (kept: Set<string>) =>
  step(`the company keeps ${textOf(kept)}`, async (model, real) => {
    await changeCompanyInstallation(real.provider.runtime, keyOf(real), { scopes: [...kept] }).catch(() => {})
    const { company, own } = model
    if (!company || common(company.scopes, kept).size === 0) return
    const lost = less(company.scopes, kept)
    company.scopes = common(company.scopes, kept)
    for (const token of model.tokens) {
      const isConcerned = token.who === 'app' || own[token.who]?.kind === 'member'
      if (isConcerned && isAlive(model, token)) token.scopes = less(token.scopes, lost)
    }
    for (const [user, mine] of Object.entries(own)) {
      if (mine?.kind !== 'member') continue
      mine.scopes = less(mine.scopes, lost)
      if (mine.scopes.size === 0) own[Number(user)] = undefined
    }
  })

export const removesForAll = step('the company removes it', async (model, real) => {
  const found = await findCompanyInstallation(real.provider.runtime.store, keyOf(real))
  insist((found !== undefined) === (model.company !== undefined), 'the installation of the company')
  if (!found) return
  await removeInstallation(real.provider.runtime, found)
  model.company = undefined
  for (const user of Object.keys(model.own).map(Number)) {
    if (model.own[user]?.kind === 'member') model.own[user] = undefined
  }
})

/** As under Connected apps: what the company has installed is left out, and what is one's own is removed. */
export const removes = (user: number) =>
  step(`${user} removes it`, async (model, real) => {
    if (!model.members[user]) return
    const { runtime } = real.provider
    const key = { ...keyOf(real), user_id: user }
    const isLeftOut = await leaveOut(runtime, key)
    insist(isLeftOut === (model.company !== undefined), 'left out')
    if (!isLeftOut) await removeInstallation(runtime, key)
    if (isLeftOut) model.leftOut[user] = true
    model.own[user] = undefined
  })

export const becomes = (user: number, change: { active?: boolean; isAdmin?: boolean }) =>
  step(`${user} becomes ${JSON.stringify(change)}`, async (model, real) => {
    const member = model.members[user]
    if (!member) return
    await setMember(real.provider.runtime, real.companyId, user, change)
    Object.assign(member, change)
  })

/** A member who leaves loses what was theirs; what they installed for the company stays. */
export const leaves = (user: number) =>
  step(`${user} leaves`, async (model, real) => {
    if (!model.members[user]) return
    await removeMember(real.provider.runtime, real.companyId, user)
    Object.assign(model.members, { [user]: undefined })
    Object.assign(model.own, { [user]: undefined })
    Object.assign(model.access, { [user]: null })
    Object.assign(model.leftOut, { [user]: false })
  })

export const joins = (user: number, isAdmin: boolean) =>
  step(`${user} joins`, async (model, real) => {
    if (model.members[user]) return
    await addMember(real.provider.runtime, { companyId: real.companyId, userId: user, isAdmin })
    model.members[user] = { active: true, isAdmin }
  })

export const blocks = (isBlocked: boolean) =>
  step(isBlocked ? 'blocks' : 'unblocks', async (model, { provider, client, companyId }) => {
    await setAppPolicy(provider.runtime, { companyId, clientId: client.id }, isBlocked ? 'blocked' : null)
    model.isBlocked = isBlocked
  })

/** A refresh gives what is left; the old token is not used again. */
export const refreshes = (pick: number) =>
  step(`refreshes ${pick}`, async (model, real) => {
    const some = model.tokens.filter(({ refresh }) => refresh !== undefined)
    const token = some[pick % some.length]
    if (!token) return
    const answer = await real.client.refresh(token.refresh!)
    const isGiven = isAlive(model, token) && isStanding(model, token)
    insist((answer.status === 200) === isGiven, `refresh answered ${answer.status}, expected ${isGiven}`)
    if (!isGiven) return
    const tokens = (await answer.json()) as TokenAnswer
    insist(tokens.scope === textOf(token.scopes), `refreshed to ${tokens.scope}, expected ${textOf(token.scopes)}`)
    const { who, number, scopes } = token
    token.refresh = undefined
    model.tokens.push({ access: tokens.access_token, refresh: tokens.refresh_token, who, number, scopes })
    model.tokens.at(-1)!.scopes = new Set(scopes)
  })

/** After whatever happened, every token speaks exactly for whom and for what the model says. */
export const asksEveryone = step('asks everyone', async (model, { client }) => {
  for (const token of model.tokens) {
    const isGood = isAlive(model, token) && isStanding(model, token)
    const answer = await client.me(token.access)
    const status = isGood ? (token.scopes.has('base') ? 200 : 403) : 401
    insist(answer.status === status, `/users/me answered ${answer.status}, expected ${status}`)
    const told = (await (await client.introspect(token.access)).json()) as { active: boolean; scope?: string }
    const scope = isGood ? [...token.scopes].toSorted().join(' ') : undefined
    const toldScope = told.active ? told.scope!.split(' ').filter(Boolean).toSorted().join(' ') : undefined
    insist(toldScope === scope, `introspection says ${toldScope}, expected ${scope}`)
    if (answer.status !== 200) continue
    const { data } = (await answer.json()) as { data: { id: number; email: string | null } }
    insist(token.who === 'app' ? data.email === null : data.id === token.who, 'speaks for someone else')
  }
})
