import { once } from 'node:events'
import { SMTPServer } from 'smtp-server'
import type { TenantryOptions } from 'tenantry'
import { beforeEach, expect } from 'vitest'
import type { Person } from './person.ts'
import { startProvider, type TestProvider } from './provider.ts'

export interface Received {
  to: string[]
  raw: string
}

/** A mail server that keeps what it gets. */
export class MailServer {
  readonly received: Received[] = []
  /** What it answers to a recipient, if not that it is fine. */
  refusal: { code: number; times: number } | undefined
  readonly #server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _, done) => {
      const { refusal } = this
      if (!refusal || refusal.times === 0) return done()
      refusal.times -= 1
      return done(Object.assign(new Error(`<${address}>: no`), { responseCode: refusal.code }))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address)
        this.received.push({ to, raw: Buffer.concat(chunks).toString() })
        done()
      })
    },
  })

  /** @returns its address */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server.server, 'listening')
    const { port } = this.#server.server.address() as { port: number }
    return `smtp://127.0.0.1:${port}`
  }

  /** All mails, once there are so many. */
  async mails(count: number): Promise<Received[]> {
    await expect.poll(() => this.received.length).toBe(count)
    return this.received
  }

  close(): Promise<void> {
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}

/** The provider of the running test. */
export let provider: TestProvider
/** The mail server that it sends to. */
export let server: MailServer

/** Gives each test of a file a provider that sends mail, and the server that gets it, as `useProvider` does without. */
export function useMail(options: () => Partial<TenantryOptions> = () => ({})): void {
  beforeEach(async () => {
    server = new MailServer()
    provider = await startProvider({ smtpUrl: await server.listen(), mailFrom: 'id@mi6.example', ...options() })
    return async () => {
      await provider.close()
      await server.close()
    }
  })
}

/** A mail as it reads, whatever its transfer encoding is. */
export function textOf({ raw }: Received): string {
  return raw
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[0-9A-F]{2})+/g, bytes => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString())
}

/** The link in a mail that sets a password. */
export function resetLink(mail: Received): string {
  return /\/reset-password\?token=\S+/.exec(textOf(mail))![0]
}

/** How many mails wait to be sent. */
export async function waitingMails({ runtime }: TestProvider): Promise<number> {
  return (await runtime.store.db.selectFrom('outbox').select('mail_id').execute()).length
}

/** A person asks for a link that sets a password. */
export async function askForReset(browser: Person, email: string) {
  return browser.submitAndFollow(await browser.open('/forgotten-password'), { email })
}
