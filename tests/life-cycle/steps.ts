import type fc from 'fast-check'
import { setMember, setSuspended } from 'tenantry'
import type { TokenAnswer } from '../support/client.ts'
import { BOND, DAY, SECOND } from '../support/provider.ts'
import { alive, COMPANIES, insist, type Model, type Real, standing } from './model.ts'

export class Authorize implements fc.AsyncCommand<Model, Real> {
  readonly company: number
  constructor(company: number) {
    this.company = company
  }
  check = () => true
  async run(model: Model, { provider, client, codes }: Real) {
    const person = provider.person()
    const answer = await person.authorize(client, { company: this.company }).catch(() => undefined)
    const code = answer?.searchParams.get('code')
    const others = COMPANIES.filter(company => standing(model, company))
    if (!standing(model, this.company)) {
      // Only another company may have been offered instead.
      insist(!code?.startsWith(`tny_ac_${this.company}_`), 'a code for a company that is out')
      if (!code) return
    }
    insist(code, 'no code')
    const company = standing(model, this.company) ? this.company : others[0]!
    if (model.installation[company] === undefined) model.installation[company] = ++model.installations
    codes.push(code)
    model.codes.push({
      company,
      installation: model.installation[company],
      family: model.codes.length,
      expiresAt: model.now + 300 * SECOND,
      used: false,
    })
  }
  toString = () => `authorize(${this.company})`
}

export class Exchange implements fc.AsyncCommand<Model, Real> {
  readonly pick: number
  constructor(pick: number) {
    this.pick = pick
  }
  check = (model: Readonly<Model>) => model.codes.length > 0
  async run(model: Model, { client, codes }: Real) {
    const index = this.pick % model.codes.length
    const code = model.codes[index]!
    const answer = await client.exchange(codes[index]!)
    const known = model.installation[code.company] === code.installation
    const good = known && !code.used && model.now < code.expiresAt && standing(model, code.company)
    insist((answer.status === 200) === Boolean(good), `exchange answered ${answer.status}`)
    if (known && code.used) model.ended.add(code.family)
    if (!good) return
    code.used = true
    keep(model, code, (await answer.json()) as TokenAnswer)
  }
  toString = () => `exchange(${this.pick})`
}

function keep(model: Model, { company, installation, family }: Model['codes'][number], tokens: TokenAnswer) {
  model.accessTokens.push({
    text: tokens.access_token,
    company,
    installation,
    family,
    expiresAt: model.now + 3600 * SECOND,
  })
  model.refreshTokens.push({
    text: tokens.refresh_token,
    company,
    installation,
    family,
    expiresAt: model.now + 60 * DAY,
  })
}

export class Refresh implements fc.AsyncCommand<Model, Real> {
  readonly pick: number
  constructor(pick: number) {
    this.pick = pick
  }
  check = (model: Readonly<Model>) => model.refreshTokens.length > 0
  async run(model: Model, { client }: Real) {
    const token = model.refreshTokens[this.pick % model.refreshTokens.length]!
    const answer = await client.refresh(token.text)
    const expected = this.expect(model, token)
    insist((answer.status === 200) === (expected === 'tokens'), `refresh answered ${answer.status}, not ${expected}`)
    if (expected === 'theft') model.ended.add(token.family)
    if (expected !== 'tokens') return
    const tokens = (await answer.json()) as TokenAnswer
    insist(!model.revoked.has(tokens.access_token), 'a revoked access token came back to life')
    this.accept(model, token, tokens)
  }
  expect(model: Model, token: Model['refreshTokens'][number]): 'tokens' | 'theft' | 'refused' {
    if (!alive(model, token) || !standing(model, token.company)) return 'refused'
    if (token.usedAt === undefined) return model.now < token.expiresAt ? 'tokens' : 'refused'
    const successorUsed = model.refreshTokens[token.successor!]!.usedAt
    const end =
      successorUsed === undefined ? token.usedAt + DAY : Math.min(successorUsed, token.usedAt + DAY) + 60 * SECOND
    return model.now <= end ? 'tokens' : 'theft'
  }
  accept(model: Model, token: Model['refreshTokens'][number], tokens: TokenAnswer) {
    if (token.usedAt === undefined) {
      token.usedAt = model.now
      token.successor = model.refreshTokens.length
      keep(model, { ...token, used: true }, tokens)
      return
    }
    insist(tokens.refresh_token === model.refreshTokens[token.successor!]!.text, 'the chain was forked')
    const given = model.accessTokens.find(({ text }) => text === tokens.access_token)
    if (given) {
      insist(tokens.expires_in === Math.ceil((given.expiresAt - model.now) / SECOND), 'expires_in is not what remains')
    } else {
      const { company, installation, family } = token
      const expiresAt = model.now + 3600 * SECOND
      model.accessTokens.push({ text: tokens.access_token, company, installation, family, expiresAt })
    }
  }
  toString = () => `refresh(${this.pick})`
}

export class Revoke implements fc.AsyncCommand<Model, Real> {
  readonly pick: number
  readonly whole: boolean
  constructor(pick: number, whole: boolean) {
    this.pick = pick
    this.whole = whole
  }
  check = (model: Readonly<Model>) => model.refreshTokens.length > 0
  async run(model: Model, { client }: Real) {
    const tokens = this.whole ? model.refreshTokens : model.accessTokens
    const token = tokens[this.pick % tokens.length]!
    insist((await client.revoke(token.text)).status === 200, 'revocation did not answer 200')
    if (this.whole && alive(model, token)) model.installation[token.company] = undefined
    if (!this.whole) model.revoked.add(token.text)
  }
  toString = () => `revoke(${this.whole ? 'refresh' : 'access'} ${this.pick})`
}

export class SetActive implements fc.AsyncCommand<Model, Real> {
  readonly company: number
  readonly active: boolean
  constructor(company: number, active: boolean) {
    this.company = company
    this.active = active
  }
  check = () => true
  async run(model: Model, { provider }: Real) {
    await setMember(provider.runtime, this.company, BOND, { active: this.active })
    model.active[this.company] = this.active
  }
  toString = () => `${this.active ? 'activate' : 'deactivate'}(${this.company})`
}

export class Suspend implements fc.AsyncCommand<Model, Real> {
  readonly company: number
  readonly suspended: boolean
  constructor(company: number, suspended: boolean) {
    this.company = company
    this.suspended = suspended
  }
  check = () => true
  async run(model: Model, { provider }: Real) {
    await setSuspended(provider.runtime, this.company, this.suspended)
    model.suspended[this.company] = this.suspended
  }
  toString = () => `${this.suspended ? 'suspend' : 'resume'}(${this.company})`
}

export class Pass implements fc.AsyncCommand<Model, Real> {
  readonly milliseconds: number
  constructor(milliseconds: number) {
    this.milliseconds = milliseconds
  }
  check = () => true
  async run(model: Model, { provider }: Real) {
    provider.pass(this.milliseconds)
    model.now += this.milliseconds
  }
  toString = () => `pass(${this.milliseconds} ms)`
}

/** After whatever happened, every access token that was ever given speaks exactly when the model says so. */
export class AskEveryone implements fc.AsyncCommand<Model, Real> {
  check = () => true
  async run(model: Model, { client }: Real) {
    for (const token of model.accessTokens) {
      const answer = await client.me(token.text)
      const good =
        alive(model, token) &&
        standing(model, token.company) &&
        model.now < token.expiresAt &&
        !model.revoked.has(token.text)
      insist(answer.status === (good ? 200 : 401), `${token.text} answered ${answer.status}, expected ${good}`)
      if (!good) continue
      const { data } = (await answer.json()) as { data: { id: number; company_id: number } }
      insist(data.id === BOND && data.company_id === token.company, 'speaks for someone else')
    }
  }
  toString = () => 'ask everyone'
}
