import type { NewApp } from 'tenantry'
import { beforeEach } from 'vitest'
import type { Client, TokenAnswer } from './client.ts'
import { answerOf } from './person.ts'
import { MI6, MONEYPENNY_EMAIL } from './provider.ts'
import { person, provider } from './provider-of-test.ts'

export type CompanyAnswer = TokenAnswer & { install_for?: string; installed_by?: number }

/** An app that people install for themselves, and administrators for the whole company. */
export let app: Client

/** Another app in its place, for one test. */
export async function useInstead(options: Partial<NewApp>): Promise<void> {
  app = await provider.registerApp(options)
}

/** Registers it for each test, beside `useProvider`. */
export function useCompanyApp(): void {
  beforeEach(async () => {
    app = await provider.registerApp({ install: 'both' })
  })
}

export const mi6App = () => ({ company_id: MI6, client_id: app.id })
export const bondAllows = async (fields: Record<string, string>, parameters = {}) => {
  const page = await person.reachConsent(app, { company: MI6 }, parameters)
  return person.submit(page, { decision: 'allow', ...fields })
}
export const codeOf = (answer: Response) => answerOf(answer).searchParams.get('code')!
export const installForMi6 = async (parameters = {}): Promise<CompanyAnswer> =>
  app.tokens(codeOf(await bondAllows({ install_for: 'company' }, parameters)))
/** What the app gets when Moneypenny opens it: she is never asked for consent on the way. */
export const moneypennyOpens = async (parameters = {}) => {
  const browser = provider.person()
  await browser.signIn(MONEYPENNY_EMAIL)
  return browser.request(app.authorizePath(parameters))
}
export const tokensOfMoneypenny = async (parameters = {}) => app.tokens(codeOf(await moneypennyOpens(parameters)))
export const me = async (token: string) => (await app.me(token)).json() as Promise<{ data: Record<string, unknown> }>
export const asApp = async (form: Record<string, string> = {}) => {
  const answer = await app.post('/oauth/token', {
    grant_type: 'client_credentials',
    company_id: String(MI6),
    ...form,
  })
  return { status: answer.status, ...((await answer.json()) as CompanyAnswer) }
}
