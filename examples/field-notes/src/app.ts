import { type Connect, isConnectError, type Link, type Locale } from '@tenantry/connect'
import { honoConnect } from '@tenantry/connect/hono'
import { type Context, Hono } from 'hono'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import { icon, live, style } from './assets.ts'
import { connectTo, type FieldNotesSettings } from './connect.ts'
import type { Database } from './database.ts'
import { say } from './messages.ts'
import { home, landing, type Notebook, page, problem } from './pages.ts'
import { accountOf, endedCookie, endSession } from './session.ts'

const MAX_NOTE = 2000

/** The whole app: what `connect` answers, and its own pages. */
export function createFieldNotes(settings: FieldNotesSettings, database: Database): Hono {
  const connect = connectTo(settings, database)
  const app = new Hono()
  // Adding a company leads through the provider, and browsers hold redirects of a form against this.
  const formAction = ["'self'", new URL(settings.issuer).origin]
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'self'"], formAction, frameAncestors: ["'none'"], baseUri: ["'none'"] },
      referrerPolicy: 'same-origin',
      strictTransportSecurity: settings.origin.startsWith('https:'),
    }),
  )
  app.get('/style.css', c => c.body(style, 200, { 'Content-Type': 'text/css' }))
  app.get('/live.js', c => c.body(live, 200, { 'Content-Type': 'text/javascript' }))
  app.get('/icon.svg', c => c.body(icon, 200, { 'Content-Type': 'image/svg+xml' }))
  app.get('/favicon.ico', c => c.redirect('/icon.svg', 301))
  app.use(honoConnect(connect))
  app.use(csrf({ origin: settings.origin }))

  app.get('/', async c => {
    const accountId = accountOf(database, c.req.raw)
    if (accountId === null) {
      const locale = connect.locale(undefined, c.req.raw)
      return c.html(page(locale, 'Field Notes', landing(locale, connect.startPath), false))
    }
    const links = await connect.links.ofAccount(accountId)
    const identity = latest(links)?.identity
    const locale = connect.locale(identity, c.req.raw)
    const notes = database.listNotes(accountId)
    const notebooks = await notebooksOf(connect, database, links)
    const body = home(locale, identity?.name ?? '', { links, notes, notebooks, startPath: connect.startPath })
    return c.html(page(locale, 'Field Notes', body, true))
  })

  app.get('/api/links', async c => {
    const accountId = accountOf(database, c.req.raw)
    if (accountId === null) return c.json({ error: 'You are not signed in.' }, 401)
    return c.json((await connect.links.ofAccount(accountId)).map(describeLink))
  })

  app.post('/notes', async c => {
    const accountId = accountOf(database, c.req.raw)
    if (accountId === null) return c.redirect('/', 303)
    const { text, company_id } = await c.req.parseBody()
    const note = typeof text === 'string' ? text.trim() : ''
    if (note.length < 1 || note.length > MAX_NOTE) return showProblem(c, connect, 'noteTooLong', 400)
    const notebooks = await notebooksOf(connect, database, await connect.links.ofAccount(accountId))
    const notebook = notebooks.find(each => String(each.link.companyId) === company_id)
    // Of a company that the person is not at any more, or that has removed the app.
    if (company_id !== undefined && !notebook) return showProblem(c, connect, 'notFound', 404)
    database.addNote(notebook?.accountId ?? accountId, note, Date.now())
    return c.redirect('/', 303)
  })

  app.post('/disconnect', async c => {
    const accountId = accountOf(database, c.req.raw)
    const { company_id, user_id } = await c.req.parseBody()
    const reference = { companyId: Number(company_id), userId: Number(user_id) }
    const link = await connect.links.find(reference)
    if (accountId === null || link?.accountId !== accountId) return showProblem(c, connect, 'notFound', 404)
    try {
      await connect.disconnect(reference)
    } catch (error) {
      if (isConnectError(error, 'provider_unavailable')) return showProblem(c, connect, 'providerAway', 503)
      throw error
    }
    return c.redirect('/', 303)
  })

  app.post('/sign-out', c => {
    endSession(database, c.req.raw)
    return c.body(null, 303, { Location: '/', 'Set-Cookie': endedCookie(settings.origin) })
  })

  app.notFound(c => showProblem(c, connect, 'notFound', 404))
  return app
}

/** The notebooks of the companies where both work: the person's link, and the one of the company itself. */
async function notebooksOf(connect: Connect, database: Database, links: Link[]): Promise<Notebook[]> {
  const found = await Promise.all(
    links
      .filter(({ status }) => status === 'active')
      .map(async link => {
        const notebook = database.findNotebook(link.companyId)
        const ofCompany = notebook && (await connect.links.find(notebook.appUser))
        if (ofCompany?.status !== 'active') return undefined
        return { link, accountId: notebook!.accountId, notes: database.listNotes(notebook!.accountId) }
      }),
  )
  return found.filter(each => each !== undefined)
}

/** The link whose language the person is greeted in: the newest that works, or else the newest. */
function latest(links: Link[]): Link | undefined {
  const newestFirst = links.toSorted((a, b) => b.installedAt - a.installedAt)
  return newestFirst.find(({ status }) => status === 'active') ?? newestFirst[0]
}

function describeLink({ accountId, userId, companyId, identity, status }: Link) {
  return {
    account_id: accountId,
    user_id: userId,
    company_id: companyId,
    company_name: identity.companyName,
    status,
  }
}

function showProblem(c: Context, connect: Connect, key: Parameters<typeof say>[1], status: 400 | 404 | 503) {
  const locale: Locale = connect.locale(undefined, c.req.raw)
  return c.html(page(locale, 'Field Notes', problem(say(locale.language, key)), false), status)
}
