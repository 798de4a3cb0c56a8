import { html } from 'hono/html'
import type { RouteHandler } from '../http/environment.ts'
import { showPage } from '../pages/page.ts'
import { refreshFacts, type SandboxFacts } from './facts.ts'
import { sandboxCompanies } from './people.ts'
import { roleButtons } from './sign-in-as.ts'

const companyName = new Map(sandboxCompanies.map(({ companyId, name }) => [companyId, name]))

/** `GET /` of the sandbox: what there is to try, as it is by now. */
export function sandboxHome(started: SandboxFacts): RouteHandler {
  let facts = started
  return async c => {
    facts = await refreshFacts(c.var.runtime, facts)
    return showPage(c, {
      language: 'en',
      title: 'Tenantry sandbox',
      wide: true,
      translated: false,
      body: html`<h1>Tenantry sandbox</h1>
<p>A whole provider on this machine: people who belong to several companies, and an app to allow.
Everything here is made up, and the passwords are known; nothing of it exists in <code>tenantry serve</code>.</p>
<p><a href="/sandbox/install" role="button">Install the Sandbox App</a></p>
<p class="muted small">Sign in as anyone below, choose a company, and allow it. Every password is <code>${facts.password}</code>.
Afterwards see <a href="/connected-apps">your connected apps</a>, or <a href="/sign-out">sign out</a>.
Mails that would be sent are in the <a href="/sandbox/mailbox">mailbox</a>.</p>
${roleButtons(c)}
<h2>People</h2>
<div class="scroll" tabindex="0" role="region" aria-label="People"><table>
<thead><tr><th scope="col">Sign in as</th><th scope="col">Name</th><th scope="col">Active at</th></tr></thead>
<tbody>${facts.users.map(
        user => html`<tr><td>${user.email}</td><td><bdi>${user.name}</bdi></td>
<td>${user.companies.map(id => companyName.get(id) ?? id).join(', ') || 'nowhere: deactivated'}</td></tr>`,
      )}</tbody></table></div>
${
  facts.mcp_url
    ? html`<h2>Agents</h2>
<p>Each company has an address of its own for agents. Add one to an MCP client, sign in, and call <code>whoami</code>; another company connects beside it.</p>
<pre tabindex="0"><code>${facts.mcp_url.replace('{company_domain}', 'casinoroyale')}
${facts.mcp_url.replace('{company_domain}', 'universal-exports')}</code></pre>`
    : ''
}<h2>Your own app</h2>
<p>Point it at this provider. Any port of <code>http://localhost/callback</code> and <code>http://127.0.0.1/callback</code> may be the redirect URI.</p>
<pre tabindex="0"><code>issuer         ${facts.origin}
client id      ${facts.client_id}
client secret  ${facts.client_secret}</code></pre>
${
  facts.access_token
    ? html`<p>Or ask at once who a token speaks for:</p>
<pre tabindex="0"><code>curl -H 'Authorization: Bearer ${facts.access_token}' ${facts.origin}/users/me</code></pre>`
    : ''
}`,
    })
  }
}
