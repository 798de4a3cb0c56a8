import type { Runtime } from '../config/runtime.ts'
import { OAuthError } from '../http/errors.ts'
import type { Parameters } from '../http/form.ts'
import { checkOpenidParameters } from '../openid/authorization-parameters.ts'
import { type Resource, resolveResources, storeResources } from '../resource-servers/resolve.ts'
import { fitScopes } from '../resource-servers/scopes.ts'
import { intersection, isSubset, parseScopes } from '../tokens/scopes.ts'
import { type AnswerTarget, AuthorizationError } from './authorization-answer.ts'

const COMPANY_ID = /^[1-9][0-9]{0,15}$/

/**
 * What is asked for, of whom and where.
 * @throws {AuthorizationError}
 */
export async function checkRequestedAccess(runtime: Runtime, target: AnswerTarget, parameters: Parameters) {
  const resources = await checkResources(runtime, target, parameters.get('resource'))
  const asked = await checkScopes(runtime, target, parameters.get('scope'), resources)
  const openid = asked.includes('openid') ? await checkOpenid(runtime, target, parameters) : undefined
  const claimScopes = openid ? intersection(openid.claimScopes, target.app.scopes) : []
  return {
    ...target,
    scopes: [...new Set([...asked, ...claimScopes])],
    companyId:
      checkCompanyId(target, parameters.get('company_id')) ?? openid?.subject?.companyId ?? openid?.hint?.companyId,
    resources: storeResources(resources),
    onlyCompanyId: resources.find(each => each.companyId !== undefined)?.companyId,
    loginHint: parameters.get('login_hint')?.slice(0, 254),
    uiLocales: parameters.get('ui_locales')?.slice(0, 200),
    openid,
  }
}

async function checkOpenid(runtime: Runtime, target: AnswerTarget, parameters: Parameters) {
  try {
    return await checkOpenidParameters(runtime, target.app.clientId, parameters)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    throw new AuthorizationError(target, error.code, error.description)
  }
}

/** @throws {AuthorizationError} `invalid_target` (RFC 8707 section 2) */
async function checkResources(runtime: Runtime, target: AnswerTarget, text: string | undefined): Promise<Resource[]> {
  if (text === undefined) return []
  const resources = await resolveResources(runtime, text)
  if (resources) return resources
  throw new AuthorizationError(target, 'invalid_target', 'resource: no resource server here has this address.')
}

async function checkScopes(
  runtime: Runtime,
  target: AnswerTarget,
  text: string | undefined,
  resources: readonly Resource[],
): Promise<string[]> {
  const { app } = target
  const asked = text === undefined ? app.scopes : parseScopes(text, app.profile)
  if (!asked || (text !== undefined && asked.length === 0) || !isSubset(asked, app.scopes)) {
    throw new AuthorizationError(target, 'invalid_scope', 'The app is not registered for all of these scopes.')
  }
  const { fitting, misfit } = await fitScopes(runtime, asked, resources)
  if (text === undefined || misfit === undefined) return fitting
  const description =
    misfit.identifier === undefined
      ? `The scope ${misfit.scope} is not one of the resource that was asked for.`
      : `The scope ${misfit.scope} belongs to a resource server: send resource=${misfit.identifier}`
  throw new AuthorizationError(target, 'invalid_scope', description)
}

function checkCompanyId(target: AnswerTarget, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!COMPANY_ID.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new AuthorizationError(target, 'invalid_request', 'company_id must be a positive integer.')
  }
  return Number(text)
}
