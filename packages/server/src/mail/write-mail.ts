import { randomBytes } from 'node:crypto'
import { emailForms } from '../companies/emails.ts'
import { findUserByAnyEmail } from '../companies/users.ts'
import { platformName } from '../config/brand.ts'
import type { Runtime } from '../config/runtime.ts'
import type { Language } from '../pages/languages.ts'
import { type MessageKey, type MessageValues, say } from '../pages/messages.ts'
import { type AccountLinkRow, findLastLink, putAccountLink } from '../store/queries/account-links.ts'
import { findCompany } from '../store/queries/companies.ts'
import { findInvitation, setInvitationLink } from '../store/queries/invitations.ts'
import { findMember } from '../store/queries/memberships.ts'
import { findUser, findUserByEmail } from '../store/queries/users.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { hashSecret } from '../tokens/token-text.ts'
import type { MailTopic } from './outbox.ts'

/** A mail as it is sent: plain text. */
export interface Mail {
  to: string
  subject: string
  text: string
}

const MINUTE = 60_000
/** Milliseconds for which a link to set a password or to confirm an e-mail is good. */
export const LINK_LIFETIME = 30 * MINUTE
/** How long after a mail another one is not sent for the same. */
const PAUSE = MINUTE

/** @returns undefined where there is no one to write to, or nothing to say any more */
export async function writeMail(runtime: Runtime, topic: MailTopic): Promise<Mail | undefined> {
  switch (topic.kind) {
    case 'password':
      return writePasswordMail(runtime, topic)
    case 'passwordChanged':
      return writePasswordChanged(runtime, topic)
    case 'email':
      return writeEmailMail(runtime, topic)
    case 'emailChanged':
      return compose(runtime, topic.language, topic.email, {
        kind: topic.kind,
        link: runtime.settings.origin,
        values: {},
      })
    case 'invitation':
      return writeInvitation(runtime, topic)
  }
}

/** To the new address; none where another user has it. */
async function writeEmailMail(
  runtime: Runtime,
  { userId, email, language }: Extract<MailTopic, { kind: 'email' }>,
): Promise<Mail | undefined> {
  const { store, settings } = runtime
  const [user, owner] = await Promise.all([findUser(store, userId), findUserByEmail(store, emailForms(email))])
  if (user?.active !== 1 || user.deleted_at !== null || owner) return undefined
  const link = await newAccountLink(runtime, { user_id: userId, purpose: 'email', email })
  return compose(runtime, language, email, {
    kind: 'email',
    link: `${settings.origin}/confirm-email?token=${link}`,
    values: { minutes: LINK_LIFETIME / MINUTE },
  })
}

/**
 * To the address that the user signs in with, whatever was typed: what companies know a person by is set by their administrators. One a
 * minute at most.
 */
async function writePasswordMail(
  runtime: Runtime,
  { email, language }: Extract<MailTopic, { kind: 'password' }>,
): Promise<Mail | undefined> {
  const { store, clock, settings } = runtime
  const user = await findUserByAnyEmail(store, email)
  if (user?.active !== 1 || user.deleted_at !== null) return undefined
  const now = clock()
  const last = await findLastLink(store, user.user_id, 'password')
  if (last && now - last.created_at < PAUSE) return undefined
  const link = await newAccountLink(runtime, { user_id: user.user_id, purpose: 'password', email: null })
  return compose(runtime, language, user.email, {
    kind: 'password',
    link: `${settings.origin}/reset-password?token=${link}`,
    values: { minutes: LINK_LIFETIME / MINUTE },
  })
}

/** In the place of those that the user was sent for the same before. @returns what its address has as `token` */
async function newAccountLink(
  { store, clock }: Runtime,
  about: Pick<AccountLinkRow, 'user_id' | 'purpose' | 'email'>,
): Promise<string> {
  const { secret, linkHash } = newSecret()
  const now = clock()
  await store.write(
    putAccountLink(store, { ...about, link_hash: linkHash, created_at: now, expires_at: now + LINK_LIFETIME }),
  )
  return `${about.user_id}.${secret}`
}

async function writePasswordChanged(
  runtime: Runtime,
  { userId, language }: Extract<MailTopic, { kind: 'passwordChanged' }>,
): Promise<Mail | undefined> {
  const user = await findUser(runtime.store, userId)
  if (!user || user.deleted_at !== null) return undefined
  const link = `${runtime.settings.origin}/forgotten-password`
  return compose(runtime, language, user.email, { kind: 'passwordChanged', link, values: {} })
}

async function writeInvitation(
  runtime: Runtime,
  { companyId, invitationId, language }: Extract<MailTopic, { kind: 'invitation' }>,
): Promise<Mail | undefined> {
  const { store, clock, settings } = runtime
  const key = { company_id: companyId, invitation_id: invitationId }
  const [invitation, company] = await Promise.all([findInvitation(store, key), findCompany(store, companyId)])
  if (!invitation || !company || invitation.expires_at <= clock()) return undefined
  const inviter = await findMember(store, companyId, invitation.invited_by)
  const { secret, linkHash } = newSecret()
  // Taken back at this moment.
  if (!(await writeUnlessConflict(store, [setInvitationLink(store, key, linkHash)]))) return undefined
  const link = `${settings.origin}/invitation?token=${companyId}.${invitationId}.${secret}`
  const values = { company: company.name, inviter: inviter?.name ?? company.name }
  return compose(runtime, language, invitation.email, { kind: 'invitation', link, values })
}

function newSecret(): { secret: string; linkHash: Uint8Array } {
  const secret = randomBytes(24).toString('base64url')
  return { secret, linkHash: hashSecret(secret) }
}

/** Subject, what stands before the link, and after it. */
const texts = {
  password: ['mail.password.subject', 'mail.password.text', 'mail.password.after'],
  passwordChanged: ['mail.passwordChanged.subject', 'mail.passwordChanged.text', 'mail.passwordChanged.after'],
  email: ['mail.email.subject', 'mail.email.text', 'mail.email.after'],
  emailChanged: ['mail.emailChanged.subject', 'mail.emailChanged.text', 'mail.emailChanged.after'],
  invitation: ['mail.invitation.subject', 'mail.invitation.text', 'mail.invitation.after'],
} as const satisfies Record<MailTopic['kind'], readonly [MessageKey, MessageKey, MessageKey]>

interface Content {
  kind: MailTopic['kind']
  /** On a line of its own, so that nothing around it becomes a part of it. */
  link: string
  values: MessageValues
}

function compose({ settings }: Runtime, language: Language, to: string, { kind, link, values }: Content): Mail {
  const [subject, text, after] = texts[kind].map(key =>
    say(language, key, { platform: platformName(settings), ...values }),
  )
  // A name of a company or a person must not begin another header.
  return { to, subject: subject!.replace(/\s+/g, ' '), text: `${text}\n\n${link}\n\n${after}\n` }
}
