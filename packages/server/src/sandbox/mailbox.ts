import { html } from 'hono/html'
import type { RouteHandler } from '../http/environment.ts'
import { readMailbox } from '../mail/send-mails.ts'
import { showPage } from '../pages/page.ts'

/** Mails that are shown. */
const MOST = 50

/** `GET /sandbox/mailbox`: what would have been sent, the newest first. */
export const mailbox: RouteHandler = async c => {
  const mails = await readMailbox(c.var.runtime, MOST)
  return showPage(c, {
    language: 'en',
    title: 'Mailbox',
    wide: true,
    translated: false,
    body: html`<h1>Mailbox</h1>
<p class="muted">The sandbox sends no mail. What it would have sent is here, the newest first.</p>
${mails.length === 0 ? html`<p>Nothing yet. Ask for a link at <a href="/forgotten-password">Forgotten your password?</a></p>` : ''}
${mails.map(
  ({ to, subject, text, sentAt }) => html`<section class="app"><h2><bdi>${subject}</bdi></h2>
<p class="small muted"><bdi>${to}</bdi> · ${new Date(sentAt).toISOString()}</p>
<p class="mail" dir="auto">${withLinks(text)}</p></section>`,
)}
<p><a href="/">Back to the sandbox</a></p>`,
  })
}

/** The addresses in a text as links. */
function withLinks(text: string) {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))
}
