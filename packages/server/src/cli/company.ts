import type { Command } from 'commander'
import {
  type CompanyChange,
  createCompany,
  deleteCompany,
  releaseDomain,
  requireCompany,
  setCompany,
  setSuspended,
} from '../companies/companies.ts'
import { type CompanyRow, listCompanies, listDomains } from '../store/queries/companies.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { given, parseId } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, printFacts } from './output.ts'

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

  listing(administer(company.command('list').description('companies, in the order of their ids')))
    .option('--search <text>', 'only those whose name or domain holds it')
    .action(async (options: ListOptions & { search?: string }) => {
      const query = { ...pageOf(options), ...(options.search !== undefined && { search: options.search }) }
      const rows = await withRuntime(options, runtime => listCompanies(runtime.store, query))
      printPage(options, rows.map(describe), 'There are no companies yet.')
    })

  administer(company.command('show').description('one company, with the domains that are reserved for it'))
    .argument('<company-id>', '', parseId)
    .action(async (companyId: number, options: AdministrationOptions) => {
      const facts = await withRuntime(options, async ({ store }) => ({
        ...describe(await requireCompany(store, companyId)),
        domains: await listDomains(store, companyId),
      }))
      printFacts(options, facts)
    })

  administer(company.command('set').description('change a company; a domain that it had stays reserved for it'))
    .argument('<company-id>', '', parseId)
    .option('--name <name>', 'as people know it')
    .option('--domain <domain>', 'its part of a host name')
    .option('--country <code>', 'two letters, such as EE')
    .option('--industry <text>')
    .action(async (companyId: number, options: AdministrationOptions & CompanyChange) => {
      const { name, domain, country, industry } = options
      const row = await withRuntime(options, runtime =>
        setCompany(runtime, companyId, given({ name, domain, country, industry })),
      )
      print(options, describe(row), `Company ${companyId} is changed.`)
    })

  destructive(
    administer(
      company
        .command('delete')
        .description('delete a company permanently, with its memberships, installations and tokens'),
    ),
  )
    .argument('<company-id>', '', parseId)
    .action(async (companyId: number, options: AdministrationOptions & ConfirmationOptions) => {
      await withRuntime(options, async runtime => {
        const { name } = await requireCompany(runtime.store, companyId)
        if (!(await confirm(options, `Company ${companyId}, ${name}, loses its members and is deleted`))) return
        const memberships = await deleteCompany(runtime, companyId)
        print(
          options,
          { company_id: companyId, deleted: true, memberships },
          `Company ${companyId} is deleted, with ${memberships} memberships. Its id will not be given again.`,
        )
      })
    })

  administer(
    company.command('release-domain').description('let another company have a domain that a company had before'),
  )
    .argument('<domain>')
    .action(async (domain: string, options: AdministrationOptions) => {
      await withRuntime(options, runtime => releaseDomain(runtime, domain))
      print(options, { domain, released: true }, `The domain ${domain} can be given to any company now.`)
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
