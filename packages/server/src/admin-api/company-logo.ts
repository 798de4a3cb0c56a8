import { z } from '@hono/zod-openapi'
import { setCompanyLogo } from '../companies/logo.ts'
import { nothing } from './answers.ts'
import { companyParams } from './companies.ts'
import { type AdminApp, addOperation } from './operation.ts'

const path = '/companies/{company_id}/logo'
const tag = 'Companies'

const logoBody = z
  .strictObject({
    image: z.base64('must be base64').openapi({ description: 'An SVG, PNG, JPEG or WebP image of at most 40 KiB.' }),
  })
  .openapi('CompanyLogo')

export function addLogoOperations(app: AdminApp) {
  addOperation(app, {
    method: 'put',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Give a company a logo',
    description: 'Its members see it where they choose the company and allow an app.',
    params: companyParams,
    body: logoBody,
    answers: { 204: { description: 'It is shown from now on.' } },
    problems: [404],
    async handle({ runtime, params: { company_id }, body: { image } }) {
      await setCompanyLogo(runtime, company_id, Buffer.from(image, 'base64'))
      return nothing()
    },
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'companies:write',
    tag,
    summary: 'Take a company’s logo away',
    params: companyParams,
    answers: { 204: { description: 'It has none.' } },
    problems: [404],
    async handle({ runtime, params: { company_id } }) {
      await setCompanyLogo(runtime, company_id, null)
      return nothing()
    },
  })
}
