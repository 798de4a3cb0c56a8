import type { Transporter } from 'nodemailer'
import { decrypt, encrypt } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import type { Settings } from '../config/settings.ts'
import {
  deleteMail,
  keepInMailbox,
  listDueMails,
  listMailbox,
  type OutboxRow,
  postponeMail,
} from '../store/queries/outbox.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { type MailTopic, sendsMail } from './outbox.ts'
import { type Mail, writeMail } from './write-mail.ts'

const SECOND = 1000
const AT_ONCE = 20
/** For how long a mail that is being sent is no other sender's. */
const CLAIM = 60 * SECOND
const FIRST_PAUSE = 5 * SECOND
const MAX_PAUSE = 900 * SECOND
/** For each step of a conversation with the mail server. */
const TIME_LIMIT = 10 * SECOND

/** Sends what is due, each mail at least once. @returns whether there may be more at once */
export async function sendDueMails(runtime: Runtime): Promise<boolean> {
  if (!sendsMail(runtime.settings)) return false
  const due = await listDueMails(runtime.store, runtime.clock(), AT_ONCE)
  await Promise.all(due.map(row => sendOne(runtime, row)))
  return due.length === AT_ONCE
}

async function sendOne(runtime: Runtime, row: OutboxRow) {
  const { store, clock, log } = runtime
  const claimedUntil = clock() + CLAIM
  if (!(await writeUnlessConflict(store, [postponeMail(store, row, claimedUntil, row.attempts)]))) return
  try {
    await deliver(runtime, row)
  } catch (error) {
    const facts = { mail: row.mail_id, attempts: row.attempts + 1, ...loggable(error) }
    const next = clock() + Math.min(FIRST_PAUSE * 2 ** Math.min(row.attempts, 20), MAX_PAUSE)
    if (isRefused(error) || next > row.expires_at) {
      log.warn(facts, 'a mail was refused and is not sent again')
      await store.write([deleteMail(store, row.mail_id)])
      return
    }
    log.warn(facts, 'a mail could not be sent and will be tried again')
    const claimed = { ...row, next_attempt_at: claimedUntil }
    await writeUnlessConflict(store, [postponeMail(store, claimed, next, row.attempts + 1)])
  }
}

async function deliver(runtime: Runtime, row: OutboxRow) {
  const { store, settings, keys } = runtime
  const topic = decrypt(await keys.ready(), row.sealed, row.mail_id)
  const mail = topic === undefined ? undefined : await writeMail(runtime, JSON.parse(topic) as MailTopic)
  if (mail && settings.smtpUrl === undefined) {
    await store.write([
      keepInMailbox(store, row.mail_id, encrypt(await keys.ready(), JSON.stringify(mail), row.mail_id)),
    ])
    return
  }
  // As an object, since a text could name several.
  const message = mail && { ...mail, to: { name: '', address: mail.to }, from: senderOf(settings) }
  if (message) await (await transportOf(settings)).sendMail(message)
  await store.write([deleteMail(store, row.mail_id)])
}

/**
 * What may be logged: no address, which the mail server has in its own log. Mail servers repeat it in what they answer, and the library
 * in what it says of recipients.
 */
function loggable(error: unknown): object {
  const { code, command, responseCode } = error as { code?: string; command?: string; responseCode?: number }
  return code === 'EENVELOPE' || responseCode !== undefined ? { code, command, responseCode } : { err: error }
}

/** For good: what the server says of the address or the mail itself (RFC 5321 section 4.2.1). */
function isRefused(error: unknown): boolean {
  const { code, responseCode = 0 } = error as { code?: string; responseCode?: number }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500
}

const transports = new Map<string, Promise<Transporter>>()

function transportOf(settings: Settings): Promise<Transporter> {
  const { smtpUrl = '' } = settings
  const known = transports.get(smtpUrl) ?? newTransport(smtpUrl)
  transports.set(smtpUrl, known)
  return known
}

/** The library is loaded with the first mail: many processes never send one. */
async function newTransport(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  const limits = { connectionTimeout: TIME_LIMIT, greetingTimeout: TIME_LIMIT, socketTimeout: TIME_LIMIT }
  return createTransport({ url, ...limits, disableFileAccess: true, disableUrlAccess: true })
}

function senderOf({ mailFrom, origin }: Settings): string {
  return mailFrom ?? `no-reply@${new URL(origin).hostname}`
}

/** A mail that the sandbox would have sent. */
export interface KeptMail extends Mail {
  sentAt: number
}

/** The mailbox of the sandbox, the newest first. */
export async function readMailbox({ store, keys }: Runtime, limit: number): Promise<KeptMail[]> {
  const ring = await keys.ready()
  const rows = await listMailbox(store, limit)
  return rows.flatMap(row => {
    const text = decrypt(ring, row.sealed, row.mail_id)
    return text === undefined ? [] : [{ ...(JSON.parse(text) as Mail), sentAt: row.created_at }]
  })
}
