import { hash, randomBytes } from 'node:crypto'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import type { RequestContext, RouteHandler } from '../http/environment.ts'
import { queryParameter } from '../http/form.ts'
import type { Fragment } from '../pages/messages.ts'
import { showPage } from '../pages/page.ts'
import { refreshFacts, type SandboxFacts } from './facts.ts'

const COOKIE = 'tenantry_sandbox_flow'

/** Calls the provider as an app's server would. */
export type CallProvider = (path: string, init: RequestInit) => Promise<Response>

/** `GET /sandbox/install`: starts the code flow as an app should, `state` and PKCE bound to this browser. */
export function startInstall(facts: SandboxFacts): RouteHandler {
  return c => {
    const [state, verifier] = [randomBytes(24).toString('base64url'), randomBytes(32).toString('base64url')]
    setCookie(c, COOKIE, `${state}.${verifier}`, { httpOnly: true, sameSite: 'Lax', path: '/callback', maxAge: 600 })
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: facts.client_id,
      redirect_uri: `${facts.origin}/callback`,
      state,
      code_challenge: hash('sha256', verifier, 'base64url'),
      code_challenge_method: 'S256',
    })
    return c.redirect(`/oauth/authorize?${query}`, 302)
  }
}

/** `GET /callback`: the sandbox app's end of the flow, which shows what an app learns. */
export function finishInstall(started: SandboxFacts, callProvider: CallProvider): RouteHandler {
  return async c => {
    const facts = await refreshFacts(c.var.runtime, started)
    const [state, verifier] = (getCookie(c, COOKIE) ?? '').split('.')
    deleteCookie(c, COOKIE, { path: '/callback' })
    const [code, error] = [queryParameter(c, 'code'), queryParameter(c, 'error')]
    if (!state || queryParameter(c, 'state') !== state) return showUnexpected(c, facts)
    if (error || !code)
      return show(
        c,
        'Not allowed',
        html`<p>The provider answered <code>${error ?? 'nothing'}</code>. ${explainError(error, queryParameter(c, 'error_description'))}</p>`,
      )
    const tokens = await exchange(facts, callProvider, code, verifier!)
    if (!tokens.access_token)
      return show(c, 'The code was refused', html`<pre><code>${JSON.stringify(tokens, null, 2)}</code></pre>`)
    const answer = await callProvider('/users/me', { headers: { Authorization: `Bearer ${tokens.access_token}` } })
    return showIdentity(c, tokens, (await answer.json()) as { data: Identity })
  }
}

const ERRORS: Record<string, string> = {
  access_denied: 'The person pressed Cancel. Nothing was shared.',
  user_denied: 'The person pressed Cancel. Nothing was shared.',
  login_required: 'The user is not signed in, and prompt=none allows no sign-in page. Try again without it.',
  consent_required: 'The person has not allowed this yet, and prompt=none allows no page. Ask again without it.',
  interaction_required:
    'The person must choose or confirm something, and prompt=none allows no page. Ask again without it.',
  invalid_scope: 'The app asked for a scope that it is not registered for. See `tenantry app show`.',
  invalid_request: 'A parameter of the request is missing, malformed or repeated.',
  unsupported_response_type: 'Only response_type=code exists here.',
}

/** What an app's developer should know of an error (RFC 6749 section 4.1.2.1). */
function explainError(error: string | undefined, description: string | undefined) {
  const text = error === undefined ? undefined : ERRORS[error]
  return html`${text ?? 'Nothing was shared.'}${description ? html` The provider says: “${description}”` : ''}`
}

interface Identity {
  id: number
  name: string
  company_id: number
  company_name: string
}

async function exchange(facts: SandboxFacts, callProvider: CallProvider, code: string, verifier: string) {
  const answer = await callProvider('/oauth/token', {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${facts.client_id}:${facts.client_secret}`).toString('base64')}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${facts.origin}/callback`,
      code_verifier: verifier,
    }).toString(),
  })
  return (await answer.json()) as Record<string, unknown>
}

function showIdentity(c: RequestContext, tokens: object, answer: { data: Identity }) {
  const { name, id, company_name, company_id } = answer.data
  return show(
    c,
    `${name} at ${company_name}`,
    html`<p>The Sandbox App is installed. Its token is bound to user ${id} at company ${company_id}.
The key to link an account by is that pair, <code>(${company_id}, ${id})</code>.</p>
<h2>The token answer</h2><pre tabindex="0"><code>${JSON.stringify(tokens, null, 2)}</code></pre>
<h2>GET /users/me</h2><pre tabindex="0"><code>${JSON.stringify(answer, null, 2)}</code></pre>`,
  )
}

/** An answer to a flow that this page did not start: for trying things by hand. */
function showUnexpected(c: RequestContext, facts: SandboxFacts) {
  const [code, error] = [queryParameter(c, 'code'), queryParameter(c, 'error')]
  if (error) {
    const explained = explainError(error, queryParameter(c, 'error_description'))
    return show(c, 'The provider refused', html`<p>It answered <code>${error}</code>. ${explained}</p>`)
  }
  if (!code) return show(c, 'Nothing to do here', html`<p>This is where the Sandbox App gets its codes.</p>`)
  return show(
    c,
    'A code, but not for a flow that started here',
    html`<p>An app must refuse it, since its <code>state</code> is not of this browser. If you are trying things by hand, exchange the code within five minutes:</p>
<pre tabindex="0"><code>curl -u ${facts.client_id}:${facts.client_secret} ${facts.origin}/oauth/token \\
  -d grant_type=authorization_code -d code=${code} \\
  -d redirect_uri=${facts.origin}/callback</code></pre>`,
  )
}

function show(c: RequestContext, title: string, body: Fragment) {
  return showPage(c, {
    language: 'en',
    title,
    wide: true,
    translated: false,
    body: html`<h1>${title}</h1>${body}<p><a href="/">Back to the sandbox</a> · <a href="/connected-apps">Connected apps</a></p>`,
  })
}
