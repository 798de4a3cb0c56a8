import { recordEvent } from '../audit/record.ts'
import { pictureType } from '../config/brand.ts'
import type { Runtime } from '../config/runtime.ts'
import { deleteCompanyLogo, putCompanyLogo } from '../store/queries/company-logos.ts'
import { ConstraintViolation } from '../store/store.ts'
import { requireCompany } from './companies.ts'
import { InputError, NotFoundError } from './input.ts'

const MAX_LOGO = 40 * 1024

/**
 * Gives a company a logo, which its members see where they choose it and allow an app; null takes it away.
 * @param bytes an SVG, PNG, JPEG or WebP image of at most 40 KiB
 * @throws {InputError} if there is no such company, or it is no such image
 * @example
 * ```ts
 * import { setCompanyLogo } from 'tenantry'
 * const logo = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>')
 * await setCompanyLogo(runtime, company.company_id, logo)
 * ```
 */
export async function setCompanyLogo(runtime: Runtime, companyId: number, bytes: Uint8Array | null): Promise<void> {
  const { store, clock } = runtime
  const type = bytes && checkLogo(bytes)
  await requireCompany(store, companyId)
  const event = recordEvent(runtime, { action: 'company.changed', companyId, facts: { logo: type } })
  const row = bytes && { company_id: companyId, type: type!, bytes, updated_at: clock() }
  try {
    await store.write([row ? putCompanyLogo(store, row) : deleteCompanyLogo(store, companyId), event])
  } catch (error) {
    if (error instanceof ConstraintViolation) throw new NotFoundError(`There is no company ${companyId}.`)
    throw error
  }
}

function checkLogo(bytes: Uint8Array): string {
  const wrong = (message: string) => new InputError(`image: ${message}`, [{ path: 'image', message }])
  if (bytes.length > MAX_LOGO) throw wrong('must be at most 40 KiB')
  const type = pictureType(Buffer.from(bytes))
  if (type === undefined) throw wrong('must be an SVG, PNG, JPEG or WebP image')
  return type
}
