import type { Command } from 'commander'
import { createCompany, setSuspended } from '../companies/companies.ts'
import { type CompanyRow, listCompanies } from '../store/queries/companies.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { formatMoment, print, printRows } from './output.ts'

export function addCompanyCommands(program: Command) {
  const company = program.command('company').description('companies: the tenants')

  administer(company.command('create').description('make a company'))
    .requiredOption('--name <name>', 'as people know it')
    .requiredOption('--domain <domain>', 'its part of a host name, such as universal-exports')
    .option('--country <code>', 'two letters, such as EE')
    .option('--industry <text>')
    .action(
      async (
        options: AdministrationOptions & { name: string; domain: string; country?: string; industry?: string },
      ) => {
        const { name, domain, country, industry } = options
        const row = await withRuntime(options, runtime => createCompany(runtime, { name, domain, country, industry }))
        print(options, describe(row), `Made company ${row.company_id}, ${row.name}.`)
      },
    )

  administer(company.command('list').description('all companies')).action(async (options: AdministrationOptions) => {
    const rows = await withRuntime(options, runtime => listCompanies(runtime.store))
    printRows(options, rows.map(describe), 'There are no companies yet.')
  })

  administer(company.command('suspend').description('refuse its tokens from the next request on'))
    .argument('<company-id>', '', parseId)
    .action(async (companyId: number, options: AdministrationOptions) => {
      await withRuntime(options, runtime => setSuspended(runtime, companyId, true))
      print(options, { company_id: companyId, suspended: true }, `Company ${companyId} is suspended.`)
    })

  administer(company.command('resume').description('let its tokens speak again'))
    .argument('<company-id>', '', parseId)
    .action(async (companyId: number, options: AdministrationOptions) => {
      await withRuntime(options, runtime => setSuspended(runtime, companyId, false))
      print(options, { company_id: companyId, suspended: false }, `Company ${companyId} is active again.`)
    })
}

function describe(row: CompanyRow) {
  return {
    company_id: row.company_id,
    name: row.name,
    domain: row.domain,
    country: row.country,
    industry: row.industry,
    suspended: row.suspended_at !== null,
    created_at: formatMoment(row.created_at),
  }
}
