import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Runtime } from '../config/runtime.ts'
import { ADMIN_PATH, type AdminContext, type AdminEnvironment } from './environment.ts'
import { AdminProblem, invalidFields } from './problem.ts'
import { problemSchema } from './problem-schema.ts'
import { type AdminScope, allowsScope } from './scopes.ts'

export type AdminApp = OpenAPIHono<AdminEnvironment>

type Shape = z.ZodObject | undefined
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<string, never>

/** One method of one path: what it takes, what it gives, and who may call it. */
export interface Operation<Params extends Shape, Query extends Shape, Body extends z.ZodType | undefined> {
  method: 'get' | 'put' | 'patch' | 'post' | 'delete'
  /** Below {@link ADMIN_PATH}, with parameters in braces. */
  path: string
  scope: AdminScope
  tag: string
  summary: string
  description?: string
  params?: Params
  query?: Query
  body?: Body
  /** Names of request headers that it reads. */
  headers?: readonly ('If-Match' | 'If-None-Match' | 'Idempotency-Key')[]
  /** What it answers, by status: the schema of the body, if there is one. */
  answers: Record<number, { description: string; schema?: z.ZodType }>
  /** The problems that it can answer besides those that every operation can. */
  problems?: readonly (404 | 409 | 412)[]
  /** Says that a list is of one company for a key that is held to it; other paths must name the company. */
  forCompanyKeys?: boolean
  handle(
    request: { runtime: Runtime; params: Output<Params>; query: Output<Query>; body: Output<Body> },
    c: AdminContext,
  ): Promise<Response>
}

const PROBLEMS: Record<number, string> = {
  400: 'An entry is wrong; `errors` names each.',
  401: 'The admin key is missing, unknown, revoked or has expired.',
  403: 'The admin key does not allow it.',
  404: 'There is no such thing.',
  409: 'It belongs to another one, or was changed at the same moment.',
  415: 'The body is not `application/json`.',
  412: 'It is not as `If-Match` or `If-None-Match` wants it.',
  413: 'The body is larger than 64 KiB.',
  429: 'The key has sent more requests than its limit; `Retry-After` says when to come back.',
  503: 'The database is not available. Try again.',
}

const HEADERS = {
  'If-Match': 'The `ETag` that was read: the change is refused with 412 where it is another by now.',
  'If-None-Match': '`*`: nothing is replaced; 412 where it exists.',
  'Idempotency-Key': 'A text of your own, 1 to 255 characters: repeated within a day, the first answer is given again.',
}

/** Adds an operation to the API and to its description. */
export function addOperation<
  Params extends Shape = undefined,
  Query extends Shape = undefined,
  Body extends z.ZodType | undefined = undefined,
>(app: AdminApp, operation: Operation<Params, Query, Body>): void {
  const {
    method,
    path,
    scope,
    tag,
    summary,
    description,
    params,
    query,
    body,
    headers = [],
    answers,
    problems = [],
  } = operation
  const headerShape = Object.fromEntries(
    // The validator reads them in small letters.
    headers.map(name => [name.toLowerCase(), z.string().max(1000).optional().openapi({ description: HEADERS[name] })]),
  )
  const route = createRoute({
    method,
    path: ADMIN_PATH + path,
    tags: [tag],
    summary,
    description: `${description === undefined ? '' : `${description}\n\n`}Scope: \`${scope}\`.`,
    operationId: operationIdOf(method, path),
    security: [{ admin_key: [] }],
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(headers.length > 0 && { headers: z.object(headerShape) }),
      ...(body && { body: { content: { 'application/json': { schema: body } }, required: true } }),
    },
    responses: {
      ...describeAnswers(answers),
      ...describeProblems([
        ...(params || query || body || headers.length > 0 ? [400] : []),
        401,
        403,
        ...problems,
        ...(body ? [413, 415] : []),
        429,
        503,
      ]),
    },
  })
  const handler = async (c: AdminContext) => {
    const valid = (target: string) => (c.req.valid as (target: string) => unknown)(target)
    const given = (params ? valid('param') : {}) as { company_id?: number }
    requireAllowed(c, operation, given.company_id)
    refuseNul({ ...given, ...((query ? valid('query') : {}) as object), ...((body ? valid('json') : {}) as object) })
    return operation.handle(
      {
        runtime: c.var.acting,
        params: given as Output<Params>,
        query: (query ? valid('query') : {}) as Output<Query>,
        body: (body ? valid('json') : {}) as Output<Body>,
      },
      c,
    )
  }
  app.openapi(route, handler as never)
}

/** @throws {AdminProblem} 403 */
function requireAllowed(
  c: AdminContext,
  { scope, forCompanyKeys = false }: Pick<Operation<Shape, Shape, undefined>, 'scope' | 'forCompanyKeys'>,
  companyId: number | undefined,
) {
  const { scopes, company_id } = c.var.key
  if (!allowsScope(scopes, scope)) {
    throw new AdminProblem(403, 'forbidden', `This admin key lacks the scope ${scope}.`)
  }
  if (company_id === null || companyId === company_id || (companyId === undefined && forCompanyKeys)) return
  throw new AdminProblem(403, 'forbidden', `This admin key may administer company ${company_id} only.`)
}

/**
 * No text of a database holds the character NUL; PostgreSQL refuses a statement that has one.
 * @throws {AdminProblem} 400 with the fields
 */
export function refuseNul(fields: object) {
  const wrong = Object.entries(fields).filter(([, value]) => JSON.stringify(value ?? null).includes('\\u0000'))
  if (wrong.length > 0)
    throw invalidFields(wrong.map(([path]) => ({ path, message: 'must not hold the character NUL' })))
}

function describeAnswers(answers: Record<number, { description: string; schema?: z.ZodType }>) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema }]) => [
      status,
      { description, ...(schema && { content: { 'application/json': { schema } } }) },
    ]),
  )
}

function describeProblems(statuses: readonly number[]) {
  return Object.fromEntries(
    statuses.map(status => [
      status,
      { description: PROBLEMS[status]!, content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  )
}

/** `put /companies/{company_id}/members/{user_id}` is `putCompaniesMembersOne`. */
function operationIdOf(method: string, path: string): string {
  const parts = path.split('/').filter(part => part !== '')
  const names = parts
    .filter(part => !part.startsWith('{'))
    .map(part => part.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase()))
  return method + names.join('') + (parts.at(-1)?.startsWith('{') ? 'One' : '')
}
