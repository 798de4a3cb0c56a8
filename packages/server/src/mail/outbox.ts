import { randomBytes } from 'node:crypto'
import { encrypt } from '../config/keys.ts'
import type { Runtime } from '../config/runtime.ts'
import type { Settings } from '../config/settings.ts'
import type { Language } from '../pages/languages.ts'
import { insertMail } from '../store/queries/outbox.ts'
import type { Statement } from '../store/store.ts'

/** What a mail is about. It is written when it is sent, so that its link is made then, and kept nowhere but as a hash. */
export type MailTopic =
  /** A link to set a new password, for who has this e-mail, if anyone does. */
  | { kind: 'password'; email: string; language: Language }
  /** That the password was changed. */
  | { kind: 'passwordChanged'; userId: number; language: Language }
  /** A link that confirms another e-mail to sign in with, and that it was changed, to the earlier one. */
  | { kind: 'email'; userId: number; email: string; language: Language }
  | { kind: 'emailChanged'; email: string; language: Language }
  | { kind: 'invitation'; companyId: number; invitationId: string; language: Language }

/** Milliseconds for which sending is tried. */
const LIFETIME = 24 * 3600 * 1000

/** Whether there is a way to send mails. */
export function sendsMail({ smtpUrl, mailbox }: Settings): boolean {
  return smtpUrl !== undefined || mailbox
}

/** Queues a mail, in the commit of what it tells of. It says nothing of whether anyone will get it. */
export async function queueMail(runtime: Runtime, topic: MailTopic): Promise<Statement> {
  const { store, clock, keys } = runtime
  const mailId = randomBytes(12).toString('hex')
  const now = clock()
  return insertMail(store, {
    mail_id: mailId,
    sealed: encrypt(await keys.ready(), JSON.stringify(topic), mailId),
    created_at: now,
    expires_at: now + LIFETIME,
    attempts: 0,
    next_attempt_at: now,
  })
}
