import { z } from '@hono/zod-openapi'
import { cutStatement, hex } from '../audit/chain.ts'
import { NO_COMPANY } from '../audit/record.ts'
import { id, NotFoundError } from '../companies/input.ts'
import { type AuditCheckpointRow, findAuditCheckpoint } from '../store/queries/audit-checkpoints.ts'
import { type AuditEventRow, listAuditEvents } from '../store/queries/audit-events.ts'
import { json, momentText } from './answers.ts'
import { onlyCompany } from './key-company.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'

const values = z.record(z.string(), z.unknown())

const eventSchema = z
  .object({
    event_id: z.string(),
    at: momentText,
    company_id: id.nullable().openapi({ description: 'Null for what belongs to no company.' }),
    action: z.string().openapi({ example: 'member.changed' }),
    actor: z.object({ type: z.string(), id: z.string().nullable() }),
    user_id: id.nullable().openapi({ description: 'Whom it is about.' }),
    client_id: z.string().nullable(),
    request_id: z.string().nullable(),
    facts: values,
    personal: values
      .nullable()
      .openapi({ description: 'What is personal; null where there is nothing, or it was erased.' }),
    seq: z.int().nullable().openapi({ description: 'The place in the chain; null for a second or two.' }),
    hash: z
      .string()
      .nullable()
      .openapi({ description: 'SHA-256 over the hash before and `entry`, in hexadecimal digits.' }),
    entry: z.string().openapi({ description: 'The text that is hashed.' }),
    salt: z.string().nullable(),
  })
  .openapi('AuditEvent')

/** An event as it is read and exported: what is hashed, as text and as values, and what stands beside it. */
export function representEvent(row: AuditEventRow): z.input<typeof eventSchema> {
  const { personal_hash: _, ...entry } = JSON.parse(row.entry)
  return {
    ...entry,
    personal: row.personal === null ? null : JSON.parse(row.personal),
    seq: row.seq,
    hash: row.hash === null ? null : hex(row.hash),
    entry: row.entry,
    salt: row.salt,
  }
}

const checkpointSchema = z
  .object({
    company_id: id.nullable(),
    seq: z.int().openapi({ description: 'Of the last event that was removed; what is left begins after it.' }),
    hash: z.string().openapi({ description: 'Of that event.' }),
    cut_at: momentText,
    signed: z.string().openapi({
      description:
        'The four above as a JWS in compact form, signed by the key of the audit log, whose public part is in its header.',
    }),
  })
  .openapi('AuditCheckpoint')

/** Where a chain was cut, as it is read and exported. */
export function representCheckpoint(row: AuditCheckpointRow): z.input<typeof checkpointSchema> {
  const { company_id, seq, hash, cut_at, signed } = row
  return { ...cutStatement(company_id, seq, hash, cut_at), signed }
}

export function addAuditOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/audit-checkpoint',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'Read where older events of a chain were removed by the policy of retention',
    query: z.object({
      company_id: idText.optional().openapi({ description: 'Left out: the chain of what belongs to no company.' }),
    }),
    answers: { 200: { description: 'The cut, signed.', schema: checkpointSchema } },
    problems: [404],
    forCompanyKeys: true,
    async handle({ runtime, query: { company_id } }, c) {
      const checkpoint = await findAuditCheckpoint(runtime.store, onlyCompany(c, company_id) ?? NO_COMPANY)
      if (!checkpoint) throw new NotFoundError('This chain is whole: nothing was removed from it.')
      return json(representCheckpoint(checkpoint))
    },
  })

  addOperation(app, {
    method: 'get',
    path: '/audit-events',
    scope: 'audit:read',
    tag: 'Audit',
    summary: 'List what was done at a company, or what belongs to no company, the newest first',
    query: pageQuery.extend({
      company_id: idText
        .optional()
        .openapi({ description: 'Left out: what belongs to no company, such as users, apps and keys.' }),
      user_id: idText.optional(),
      client_id: z.string().max(64).optional(),
      action: z.string().max(64).optional(),
    }),
    answers: { 200: { description: 'A page of events.', schema: pageOf(eventSchema) } },
    forCompanyKeys: true,
    async handle({ runtime, query: { company_id, user_id, client_id, action, ...query } }, c) {
      const only = {
        companyId: onlyCompany(c, company_id) ?? NO_COMPANY,
        ...(user_id !== undefined && { userId: user_id }),
        ...(client_id !== undefined && { clientId: client_id }),
        ...(action !== undefined && { action }),
      }
      const read = ({ after, limit }: { after?: string; limit: number }) =>
        listAuditEvents(runtime.store, { ...only, limit, ...(after !== undefined && { before: after }) })
      return json(
        await page(query, read, { keyOf: row => row.event_id, represent: representEvent, schema: z.string() }),
      )
    },
  })
}
