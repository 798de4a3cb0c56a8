import type { RequestContext } from '../http/environment.ts'
import type { Parameters } from '../http/form.ts'
import { holdsFormToken } from '../http/form-token.ts'
import { PageError } from '../pages/error-page.ts'
import type { InstallationKey } from '../store/queries/installations.ts'

/**
 * The installation of the signed-in person that a form names: fields `client_id`, `company_id`.
 * @throws {PageError} for a form that is not one of ours
 */
export function ownInstallation(c: RequestContext, form: Parameters): InstallationKey {
  if (!holdsFormToken(c, form)) throw new PageError(403, 'error.formExpired')
  const companyId = Number(form.get('company_id'))
  if (!Number.isSafeInteger(companyId)) throw new PageError(400, 'error.formExpired')
  return { company_id: companyId, user_id: c.var.signedIn!.user.user_id, client_id: form.get('client_id') ?? '' }
}
