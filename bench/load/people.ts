import { Person } from '../../packages/connect/src/testing/person.ts'

// People with browsers of their own, who sign in or install an app over and over; every answer is checked.
export interface PeopleSettings {
  port: number
  /** As the server is told, for its addresses. */
  origin: string
  seconds: number
  people: { email: string; companyId: number; userId: number }[]
  password: string
  clientId: string
  clientSecret: string
  /** Sign-ins per second, all together; or installs, as many as possible. */
  signInsPerSecond?: number
}

export interface PeopleResult {
  done: number
  /** Told to come back later. */
  refused: number
  seconds: number
  p50: number
  p99: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as PeopleSettings
const CALLBACK = 'http://127.0.0.1/callback'
const times: number[] = []
let refused = 0

function browser(address: string): Person {
  return new Person((input, init = {}) => {
    const url = new URL(String(input))
    url.host = `127.0.0.1:${settings.port}`
    const headers = new Headers(init.headers)
    headers.set('X-Forwarded-For', address)
    return fetch(url, { ...init, headers })
  }, settings.password)
}

function authorizeUrl(): URL {
  const query = new URLSearchParams({ client_id: settings.clientId, redirect_uri: CALLBACK, state: 'bench' })
  return new URL(`/oauth/authorize?${query}`, settings.origin)
}

/** From the app's link to whom its token speaks for. */
async function install(person: Person, { companyId, userId, email }: PeopleSettings['people'][number]) {
  const back = await person.walk(authorizeUrl(), CALLBACK, { email, company: companyId })
  const code = new URL(String(back)).searchParams.get('code') ?? ''
  const at = `http://127.0.0.1:${settings.port}`
  const exchanged = await fetch(`${at}/oauth/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${settings.clientId}:${settings.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK }),
  })
  const { access_token } = (await exchanged.json()) as { access_token: string }
  const me = await fetch(`${at}/users/me`, { headers: { Authorization: `Bearer ${access_token}` } })
  const { data } = (await me.json()) as { data: { id: number; company_id: number } }
  if (data?.id !== userId || data.company_id !== companyId) throw new Error(`a wrong answer: ${JSON.stringify(data)}`)
}

const addresses = () => `10.${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join('.')}`
const started = performance.now()
const ends = started + settings.seconds * 1000

async function timed(work: () => Promise<void>) {
  const begun = performance.now()
  await work()
  times.push(performance.now() - begun)
}

if (settings.signInsPerSecond) {
  const pause = 1000 / settings.signInsPerSecond
  const under: Promise<void>[] = []
  for (let index = 0; performance.now() < ends; index++) {
    const person = settings.people[index % settings.people.length]!
    const signIn = async () => {
      const back = await browser(addresses()).walk(authorizeUrl(), CALLBACK, {
        email: person.email,
        company: person.companyId,
      })
      if (!new URL(String(back)).searchParams.get('code')) throw new Error(`no code: ${back}`)
    }
    under.push(
      timed(signIn).catch(error => {
        if (!/503/.test(String(error))) throw error
        refused += 1
      }),
    )
    const wait = started + (index + 1) * pause - performance.now()
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
  }
  await Promise.all(under)
} else {
  await Promise.all(
    settings.people.map(async person => {
      const own = browser(addresses())
      await install(own, person)
      while (performance.now() < ends) await timed(() => install(own, person))
    }),
  )
}

times.sort((a, b) => a - b)
const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
const result: PeopleResult = {
  done: times.length,
  refused,
  seconds: (performance.now() - started) / 1000,
  p50: at(0.5),
  p99: at(0.99),
}
console.log(JSON.stringify(result))
