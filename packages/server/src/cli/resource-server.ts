import { type Command, Option } from 'commander'
import { InputError } from '../companies/input.ts'
import type { ResourceServer, ScopeTexts } from '../resource-servers/resource-server.ts'
import {
  createResourceServer,
  deleteResourceServer,
  pageOfResourceServers,
  requireResourceServer,
  rotateResourceServerSecret,
  setResourceServer,
} from '../resource-servers/resource-servers.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { readJson } from './app-files.ts'
import { collect, given, parseDuration, parseId, parseYesOrNo } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { type ListOptions, listing, pageOf, printPage } from './lists.ts'
import { formatMoment, print, printFacts } from './output.ts'

interface ResourceServerOptions extends AdministrationOptions {
  name?: string
  identifier?: string
  scope?: string[]
  scopes?: string
  describeUsers?: boolean
  tokenFormat?: 'opaque' | 'jwt'
}

export function addResourceServerCommands(program: Command) {
  const group = program.command('resource-server').description('resource servers: APIs that check tokens')

  options(
    administer(group.command('create').description('register an API; prints its client id and, once only, its secret'))
      .requiredOption('--name <name>', 'what it is called')
      .requiredOption(
        '--identifier <uri>',
        'its address, as clients ask for it (resource); {company_domain} in it stands for the domain of a company',
      ),
  ).action(async (options: ResourceServerOptions) => {
    const { resourceServer, clientSecret } = await withRuntime(options, runtime =>
      createResourceServer(runtime, {
        name: options.name!,
        identifier: options.identifier!,
        scopes: readScopes(options),
        describesUsers: options.describeUsers,
        tokenFormat: options.tokenFormat,
      }),
    )
    print(
      options,
      { ...describe(resourceServer), client_secret: clientSecret },
      `Registered ${resourceServer.name} as resource server ${resourceServer.resourceServerId}.\nclient id      ${resourceServer.clientId}\nclient secret  ${clientSecret}   (shown this once)`,
    )
  })

  listing(administer(group.command('list').description('resource servers, in the order of their ids')))
    .option('--search <text>', 'only those whose name or identifier holds it')
    .action(async (options: ListOptions & { search?: string }) => {
      const query = { ...pageOf(options), ...(options.search !== undefined && { search: options.search }) }
      const servers = await withRuntime(options, runtime => pageOfResourceServers(runtime, query))
      printPage(options, servers.map(describe), 'There are no resource servers yet.')
    })

  administer(group.command('show').description('one resource server, with its scopes'))
    .argument('<id>', 'its number', parseId)
    .action(async (id: number, options: AdministrationOptions) => {
      printFacts(options, describe(await withRuntime(options, runtime => requireResourceServer(runtime, id))))
    })

  options(
    administer(group.command('set').description('change a resource server; its client id and secret stay'))
      .argument('<id>', 'its number', parseId)
      .option('--name <name>', 'what it is called')
      .option('--identifier <uri>', 'its address; tokens that were given stay good there'),
  ).action(async (id: number, options: ResourceServerOptions) => {
    const changed = await withRuntime(options, runtime =>
      setResourceServer(
        runtime,
        id,
        given({
          name: options.name,
          identifier: options.identifier,
          scopes: readScopes(options),
          describesUsers: options.describeUsers,
          tokenFormat: options.tokenFormat,
        }),
      ),
    )
    print(options, describe(changed), `Resource server ${id} is changed.`)
  })

  destructive(
    administer(group.command('delete').description('remove a resource server; tokens for it are good nowhere')),
  )
    .argument('<id>', 'its number', parseId)
    .action(async (id: number, options: AdministrationOptions & ConfirmationOptions) => {
      await withRuntime(options, async runtime => {
        const { name } = await requireResourceServer(runtime, id)
        if (!(await confirm(options, `The resource server ${id}, ${name}, is deleted with its scopes`))) return
        await deleteResourceServer(runtime, id)
        print(options, { resource_server_id: id, deleted: true }, `Resource server ${id} is deleted.`)
      })
    })

  administer(
    group.command('rotate-secret').description('give a resource server a new secret; the one before ends at once'),
  )
    .argument('<id>', 'its number', parseId)
    .option('--keep-old <time>', 'how long the one before is still accepted, such as 24h', parseDuration)
    .action(async (id: number, options: AdministrationOptions & { keepOld?: number }) => {
      const { keepOld = 0 } = options
      const secret = await withRuntime(options, runtime => rotateResourceServerSecret(runtime, id, { keepOld }))
      const until = keepOld > 0 ? formatMoment(Date.now() + keepOld) : null
      print(
        options,
        { resource_server_id: id, client_secret: secret, old_secret_until: until },
        [
          `client secret  ${secret}   (shown this once)`,
          ...(until ? [`The one before is accepted until ${until}.`] : []),
        ].join('\n'),
      )
    })
}

function options(command: Command): Command {
  return command
    .option('--scope <scope=text>', 'a scope that it owns, with what it allows in English; may be repeated', collect)
    .option(
      '--scopes <file>',
      'a JSON file with its scopes in several languages: {"notes:write": {"en": "…", "fr": "…"}}',
    )
    .option('--describe-users <yes|no>', 'whether it is told names and e-mails', parseYesOrNo)
    .addOption(
      new Option('--token-format <format>', 'opaque tokens, which it introspects, or JWTs of five minutes').choices([
        'opaque',
        'jwt',
      ]),
    )
}

function readScopes({ scope, scopes }: ResourceServerOptions): Record<string, ScopeTexts> | undefined {
  if (scope === undefined && scopes === undefined) return undefined
  const fromFile = scopes === undefined ? {} : (readJson(scopes) as Record<string, ScopeTexts>)
  return { ...fromFile, ...Object.fromEntries((scope ?? []).map(readScope)) }
}

function readScope(text: string): [string, ScopeTexts] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) {
    throw new InputError(`--scope ${text}: say what it allows, such as --scope 'notes:write=Write notes'.`)
  }
  return [text.slice(0, at), { en: text.slice(at + 1) }]
}

function describe(server: ResourceServer) {
  return {
    resource_server_id: server.resourceServerId,
    client_id: server.clientId,
    name: server.name,
    identifier: server.identifier,
    scopes: Object.keys(server.scopes),
    describe_users: server.describesUsers,
    token_format: server.tokenFormat,
    created_at: formatMoment(server.createdAt),
  }
}
