import { type Command, Option } from 'commander'
import {
  type AppDecision,
  type CompanyPolicy,
  DECISIONS,
  DEFAULT_POLICIES,
  DEVELOPERS,
  setAppPolicy,
  setCompanyPolicy,
  toCompanyPolicy,
} from '../apps/app-policies.ts'
import { decideAppRequest } from '../apps/app-requests.ts'
import { requireCompany } from '../companies/companies.ts'
import { pageOfAppPolicies, pageOfAppRequests } from '../store/queries/app-policies.ts'
import { storedScopes } from '../tokens/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { collect, given, parseId } from './arguments.ts'
import { formatMoment, print, printFacts } from './output.ts'
import { UsageError } from './usage-error.ts'

/** Rows of a list; there is no more to a command than to a page. */
const MOST = 1000

interface CompanyOptions extends AdministrationOptions {
  company: number
}

interface PolicyOptions extends CompanyOptions {
  default?: CompanyPolicy['default']
  blockScope?: string[]
  blockHost?: string[]
  developers?: CompanyPolicy['developers']
}

export function addAppPolicyCommands(program: Command) {
  const group = program.command('app-policy').description('which apps the members of a company may allow')
  const ofCompany = (command: Command) => administer(command).requiredOption('--company <id>', 'the company', parseId)

  ofCompany(group.command('show').description('what holds for apps, and the decisions on single ones')).action(
    async (options: CompanyOptions) => {
      const { policy, decisions } = await withRuntime(options, async runtime => ({
        policy: toCompanyPolicy(await requireCompany(runtime.store, options.company)),
        decisions: await pageOfAppPolicies(runtime.store, { companyId: options.company, limit: MOST }),
      }))
      const apps = decisions.map(({ client_id, decision }) => `${client_id}=${decision}`)
      printFacts(options, { ...describe(options.company, policy), apps })
    },
  )

  ofCompany(group.command('set').description('change what holds for apps that have no decision of their own'))
    .addOption(
      new Option('--default <rule>', 'all, verified ones, listed ones, or each to be asked for').choices([
        ...DEFAULT_POLICIES,
      ]),
    )
    .option('--block-scope <scope>', 'no app has it there; may be repeated, instead of those before; "none"', collect)
    .option('--block-host <host>', 'of metadata documents; may be repeated, instead of those before; "none"', collect)
    .addOption(
      new Option(
        '--developers <who>',
        'who may register apps for the company, where companies may develop apps',
      ).choices([...DEVELOPERS]),
    )
    .action(async (options: PolicyOptions) => {
      const change = given({
        default: options.default,
        blockedScopes: listOf(options.blockScope),
        blockedHosts: listOf(options.blockHost),
        developers: options.developers,
      })
      if (Object.keys(change).length === 0) throw new UsageError('Nothing to change. Give at least one option.')
      const policy = await withRuntime(options, runtime => setCompanyPolicy(runtime, options.company, change))
      print(options, describe(options.company, policy), `The policy of company ${options.company} is changed.`)
    })

  ofCompany(group.command('decide').description('allow or block an app at a company; its tokens are refused at once'))
    .argument('<client-id>', 'the app')
    .argument('<decision>', `${DECISIONS.join(', ')}, or none for what holds otherwise`)
    .action(async (clientId: string, text: string, options: CompanyOptions) => {
      const decision = readDecision(text)
      await withRuntime(options, runtime => setAppPolicy(runtime, { companyId: options.company, clientId }, decision))
      const facts = { company_id: options.company, client_id: clientId, decision }
      print(options, facts, `${clientId} at company ${options.company}: ${decision ?? 'as its policy says'}.`)
    })

  ofCompany(group.command('requests').description('what members have asked for and no one has answered')).action(
    async (options: CompanyOptions) => {
      const rows = await withRuntime(options, async runtime => {
        await requireCompany(runtime.store, options.company)
        return pageOfAppRequests(runtime.store, { companyId: options.company, open: true, limit: MOST })
      })
      const facts = rows.map(({ client_id, user_id, scopes, reason, requested_at }) => ({
        ...{ client_id, user_id, scopes: storedScopes(scopes), reason, requested_at: formatMoment(requested_at) },
      }))
      const lines = facts.map(each => `${each.client_id}  user ${each.user_id}  ${each.requested_at}  ${each.reason}`)
      print(options, facts, lines.length > 0 ? lines.join('\n') : 'No one is waiting for an answer.')
    },
  )

  ofCompany(group.command('answer').description('answer what a member has asked for'))
    .argument('<client-id>', 'the app')
    .argument('<answer>', 'allowed or refused')
    .requiredOption('--user <id>', 'who asked', parseId)
    .option('--for-all', 'for everyone at the company')
    .action(async (client_id: string, answer: string, options: CompanyOptions & { user: number; forAll?: boolean }) => {
      if (answer !== 'allowed' && answer !== 'refused') throw new UsageError('The answer is allowed or refused.')
      const key = { company_id: options.company, user_id: options.user, client_id }
      const forAll = options.forAll ?? false
      await withRuntime(options, runtime => decideAppRequest(runtime, key, { decision: answer, forAll }))
      print(options, { ...key, decision: answer, for_all: forAll }, `Answered: ${answer}.`)
    })
}

function describe(companyId: number, policy: CompanyPolicy) {
  const { default: rule, blockedScopes, blockedHosts, developers } = policy
  return {
    company_id: companyId,
    default: rule,
    blocked_scopes: blockedScopes,
    blocked_hosts: blockedHosts,
    developers,
  }
}

function listOf(values: string[] | undefined): string[] | undefined {
  return values?.length === 1 && values[0] === 'none' ? [] : values
}

function readDecision(text: string): AppDecision | null {
  if (text === 'none') return null
  const known = DECISIONS.find(each => each === text)
  if (!known) throw new UsageError(`The decision is ${DECISIONS.join(', ')} or none.`)
  return known
}
