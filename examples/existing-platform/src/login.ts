import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { type AdminClient, unwrap } from '@tenantry/admin'
import express, { type Express, type Request, type Response } from 'express'
import type { Pool } from 'pg'

const hash = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('base64')}.${(await hash(password, salt, 32)).toString('base64')}`
}

async function holds(stored: string, password: string): Promise<boolean> {
  const [salt = '', expected = ''] = stored.split('.')
  return timingSafeEqual(await hash(password, Buffer.from(salt, 'base64'), 32), Buffer.from(expected, 'base64'))
}

interface Person {
  id: number
  name: string
  /** When they signed in, in seconds since 1970. */
  signedInAt: number
}

/** The platform's sign-in page, which it had before, and what is new: the way back to Tenantry. */
export function addLogin(app: Express, pool: Pool, admin: AdminClient) {
  app.get('/login', async (request, response) => {
    const challenge = text(request.query.login_challenge)
    const person = await findPerson(pool, request)
    // Signed in already, and nothing asks for more: no page at all.
    if (person && challenge !== '' && request.query.prompt !== 'login')
      return answer(response, admin, challenge, person)
    if (person && challenge === '') return response.redirect(303, '/')
    response.type('html').send(page(challenge, text(request.query.login_hint)))
  })

  app.post('/login', express.urlencoded(), async (request, response) => {
    const { email = '', password = '', login_challenge: challenge = '' } = request.body as Record<string, string>
    const { rows } = await pool.query('SELECT id, name, password_hash FROM people WHERE email = $1 AND NOT blocked', [
      email,
    ])
    if (!rows[0] || !(await holds(rows[0].password_hash, password))) {
      return response
        .status(422)
        .type('html')
        .send(page(challenge, email, 'The e-mail or the password is not right.'))
    }
    const id = randomBytes(32).toString('base64url')
    await pool.query('INSERT INTO logins (id, person_id) VALUES ($1, $2)', [id, rows[0].id])
    response.cookie('login', id, { httpOnly: true, sameSite: 'lax' })
    const person = { id: Number(rows[0].id), name: rows[0].name, signedInAt: Math.floor(Date.now() / 1000) }
    return challenge === '' ? response.redirect(303, '/') : answer(response, admin, challenge, person)
  })

  app.get('/logout', async (request, response) => {
    await pool.query('DELETE FROM logins WHERE id = $1', [cookieOf(request)])
    response.clearCookie('login').redirect(303, '/login')
  })
}

/** Says who it is, and sends the browser on. */
async function answer(response: Response, admin: AdminClient, challenge: string, { id, signedInAt }: Person) {
  const body = { challenge, user_id: id, auth_time: signedInAt, amr: ['pwd'] }
  const { redirect_to } = unwrap(await admin.POST('/admin/v1/login-challenge/accept', { body }))
  response.redirect(303, redirect_to)
}

export async function findPerson(pool: Pool, request: Request): Promise<Person | undefined> {
  const { rows } = await pool.query(
    `SELECT p.id, p.name, extract(epoch FROM l.created_at) AS signed_in_at
     FROM logins AS l JOIN people AS p ON p.id = l.person_id WHERE l.id = $1 AND NOT p.blocked`,
    [cookieOf(request)],
  )
  return rows[0] && { id: Number(rows[0].id), name: rows[0].name, signedInAt: Math.floor(Number(rows[0].signed_in_at)) }
}

function cookieOf(request: Request): string {
  return /(?:^|; )login=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function escapeHtml(value: string): string {
  return value.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`)
}

function page(challenge: string, email: string, problem = ''): string {
  return `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sign in · Existing Platform</title>
<main style="max-width: 20rem; margin: 4rem auto; font-family: system-ui"><h1>Existing Platform</h1>
${problem === '' ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post"><input type="hidden" name="login_challenge" value="${escapeHtml(challenge)}">
<p><label>E-mail <input name="email" type="email" autocomplete="username" required value="${escapeHtml(email)}"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p></form></main></html>`
}
