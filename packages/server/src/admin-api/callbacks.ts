import { z } from '@hono/zod-openapi'
import { recordEvent } from '../audit/record.ts'
import { id, moment } from '../companies/input.ts'
import { pageOfCallbacks, sendCallbackAgain, type UninstallCallbackRow } from '../store/queries/uninstall-callbacks.ts'
import { writeUnlessConflict } from '../store/store.ts'
import { formatTime, formatTimeOrNull, json, momentText, nothing } from './answers.ts'
import { onlyCompany } from './key-company.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'
import { AdminProblem } from './problem.ts'

const tag = 'Callbacks'

const callbackSchema = z
  .object({
    company_id: id,
    user_id: id,
    client_id: z.string(),
    ended_at: momentText.openapi({ description: 'When the installation ended: part of the key of a callback.' }),
    state: z.enum(['pending', 'given_up']),
    attempts: z.int(),
    next_attempt_at: momentText.nullable(),
    last_error: z.string().nullable(),
  })
  .openapi('UninstallCallback')

function representCallback(row: UninstallCallbackRow): z.input<typeof callbackSchema> {
  const { company_id, user_id, client_id, ended_at, attempts, next_attempt_at, gave_up_at, last_error } = row
  return {
    company_id,
    user_id,
    client_id,
    ended_at: formatTime(ended_at),
    state: gave_up_at === null ? 'pending' : 'given_up',
    attempts,
    next_attempt_at: formatTimeOrNull(gave_up_at === null ? next_attempt_at : null),
    last_error,
  }
}

const keySchema = z.object({ company_id: id, user_id: id, client_id: z.string(), ended_at: moment })

export function addCallbackOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/callbacks',
    scope: 'callbacks:read',
    tag,
    summary: 'List uninstall callbacks that were not delivered',
    query: pageQuery.extend({
      company_id: idText.optional(),
      client_id: z.string().max(64).optional(),
      state: z.enum(['pending', 'given_up']).optional(),
    }),
    answers: { 200: { description: 'A page of callbacks.', schema: pageOf(callbackSchema) } },
    forCompanyKeys: true,
    async handle({ runtime, query: { client_id, state, ...query } }, c) {
      const companyId = onlyCompany(c, query.company_id)
      const only = {
        ...(companyId !== undefined && { companyId }),
        ...(client_id !== undefined && { clientId: client_id }),
        ...(state !== undefined && { hasGivenUp: state === 'given_up' }),
      }
      return json(
        await page(query, part => pageOfCallbacks(runtime.store, { ...only, ...part }), {
          keyOf: ({ company_id, user_id, client_id, ended_at }) => ({ company_id, user_id, client_id, ended_at }),
          represent: representCallback,
          schema: keySchema,
        }),
      )
    },
  })

  addOperation(app, {
    method: 'post',
    path: '/callbacks/send-again',
    scope: 'callbacks:write',
    tag,
    summary: 'Send a callback again now, also one that was given up',
    body: z
      .strictObject({ company_id: id, user_id: id, client_id: z.string().max(64), ended_at: z.iso.datetime() })
      .openapi('CallbackKey'),
    answers: { 204: { description: 'It will be sent within a second or two.' } },
    problems: [409],
    forCompanyKeys: true,
    async handle({ runtime, body }, c) {
      onlyCompany(c, body.company_id)
      const { store, clock } = runtime
      const { company_id: companyId, user_id: userId, client_id: clientId } = body
      const event = recordEvent(runtime, { action: 'callback.sent_again', companyId, userId, clientId })
      const key = { ...body, ended_at: Date.parse(body.ended_at) }
      if (await writeUnlessConflict(store, [sendCallbackAgain(store, key, clock()), event])) return nothing()
      throw new AdminProblem(409, 'conflict', 'There is no such callback: it was delivered, or is being sent now.')
    },
  })
}
