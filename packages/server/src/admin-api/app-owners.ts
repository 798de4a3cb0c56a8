import { z } from '@hono/zod-openapi'
import { addAppOwner, removeAppOwner, requireDevelopingCompany } from '../apps/app-owners.ts'
import { id, NotFoundError } from '../companies/input.ts'
import { type AppOwnerRow, listAppOwners } from '../store/queries/app-owners.ts'
import { formatTime, json, momentText, nothing } from './answers.ts'
import { appParams } from './apps.ts'
import { type AdminApp, addOperation } from './operation.ts'

const tag = 'Apps'
const path = '/apps/{client_id}/owners'
const ownerParams = appParams.extend({ user_id: z.coerce.number().pipe(id) })

const ownerSchema = z
  .object({
    company_id: id,
    client_id: z.string(),
    user_id: id,
    name: z.string(),
    email: z.string(),
    added_at: momentText,
  })
  .openapi('AppOwner')

type ListedOwner = AppOwnerRow & { name: string; email: string }

function represent({ added_at, ...row }: ListedOwner): z.input<typeof ownerSchema> {
  return { ...row, added_at: formatTime(added_at) }
}

/** The people of a company who may change an app that it develops. */
export function addAppOwnerOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path,
    scope: 'apps:read',
    tag,
    summary: 'List the owners of an app that a company develops',
    params: appParams,
    answers: { 200: { description: 'The first one first.', schema: z.object({ data: z.array(ownerSchema) }) } },
    problems: [404],
    async handle({ runtime, params: { client_id } }) {
      const company_id = await requireDevelopingCompany(runtime, client_id)
      return json({ data: (await listAppOwners(runtime.store, { company_id, client_id })).map(represent) })
    },
  })

  addOperation(app, {
    method: 'put',
    path: `${path}/{user_id}`,
    scope: 'apps:write',
    tag,
    summary: 'Let an active member of the company that develops an app change it',
    params: ownerParams,
    answers: { 204: { description: 'The user is an owner.' } },
    problems: [404],
    async handle({ runtime, params: { client_id: clientId, user_id: userId } }) {
      await addAppOwner(runtime, { clientId, userId })
      return nothing()
    },
  })

  addOperation(app, {
    method: 'delete',
    path: `${path}/{user_id}`,
    scope: 'apps:write',
    tag,
    summary: 'Take that back, from the next request on',
    params: ownerParams,
    answers: { 204: { description: 'The user is none any more.' } },
    problems: [404],
    async handle({ runtime, params: { client_id: clientId, user_id: userId } }) {
      if (await removeAppOwner(runtime, { clientId, userId })) return nothing()
      throw new NotFoundError(`User ${userId} is no owner of ${clientId}.`)
    },
  })
}
