import { Person } from '../../packages/connect/src/testing/person.ts'
import { cpuSeconds } from '../machine.ts'
import { lightFetch } from './light-fetch.ts'

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
  /** Sign-ins per second, all together; or installs, as many as possible, once everyone has signed in. */
  signInsPerSecond?: number
  /** The server's process. */
  pid?: number
}

export interface PeopleResult {
  done: number
  /** Told to come back later. */
  refused: number
  seconds: number
  p50: number
  p99: number
  /** Of the server's processor time, while it was measured. */
  cpuSeconds: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as PeopleSettings
const CALLBACK = 'http://127.0.0.1/callback'
const send = lightFetch(settings.port, settings.people.length)
const times: number[] = []
let refused = 0

/** As Chromium sends them. */
const OF_A_BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Upgrade-Insecure-Requests': '1',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-User': '?1',
}

function browser(address: string): Person {
  return new Person((input, init = {}) => {
    const headers = { ...OF_A_BROWSER, ...Object.fromEntries(new Headers(init.headers)), 'X-Forwarded-For': address }
    return send(input, { ...init, headers })
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
  const exchanged = await send(`${settings.origin}/oauth/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${settings.clientId}:${settings.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK }),
  })
  const { access_token } = (await exchanged.json()) as { access_token: string }
  const me = await send(`${settings.origin}/users/me`, { headers: { Authorization: `Bearer ${access_token}` } })
  const { data } = (await me.json()) as { data: { id: number; company_id: number } }
  if (data?.id !== userId || data.company_id !== companyId) throw new Error(`a wrong answer: ${JSON.stringify(data)}`)
}

const addresses = () => `10.${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join('.')}`
const cpuOfServer = () => (settings.pid === undefined ? 0 : cpuSeconds(settings.pid))
let started = performance.now()
let cpuBefore = cpuOfServer()

async function timed(work: () => Promise<void>) {
  const begun = performance.now()
  await work()
  times.push(performance.now() - begun)
}

if (settings.signInsPerSecond) {
  const pause = 1000 / settings.signInsPerSecond
  const ends = started + settings.seconds * 1000
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
  const own = settings.people.map(person => ({ person, browser: browser(addresses()) }))
  await Promise.all(own.map(each => install(each.browser, each.person)))
  started = performance.now()
  cpuBefore = cpuOfServer()
  const ends = started + settings.seconds * 1000
  await Promise.all(
    own.map(async each => {
      while (performance.now() < ends) await timed(() => install(each.browser, each.person))
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
  cpuSeconds: cpuOfServer() - cpuBefore,
}
console.log(JSON.stringify(result))
