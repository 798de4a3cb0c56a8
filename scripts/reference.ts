import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../tests/support/sandbox-process.ts'
import { haveThirdParty, installThirdParty, THIRD_PARTY } from '../tests/support/third-party.ts'

// Makes the reference of the kit again from its docstrings: npm run reference

const output = process.argv[2] ?? join(REPOSITORY, 'docs/connect/reference')
const entries = ['index', 'store/sqlite', 'store/postgres', 'store/kysely', 'store/drizzle', 'store/prisma']
const more = [
  'store/conformance',
  'adapters/express',
  'adapters/fastify',
  'adapters/hono',
  'adapters/next',
  'testing/index',
]

if (!haveThirdParty()) installThirdParty()
rmSync(output, { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  [
    join(THIRD_PARTY, 'node_modules/typedoc/bin/typedoc'),
    ...[...entries, ...more].flatMap(entry => ['--entryPoints', join(REPOSITORY, `packages/connect/src/${entry}.ts`)]),
    '--tsconfig',
    join(REPOSITORY, 'packages/connect/tsconfig.reference.json'),
    '--plugin',
    join(THIRD_PARTY, 'node_modules/typedoc-plugin-markdown/dist/index.js'),
    '--out',
    output,
    '--readme',
    'none',
    '--name',
    '@tenantry/connect',
    '--disableSources',
    '--hideGenerator',
    '--router',
    'module',
    '--hidePageHeader',
    '--hideBreadcrumbs',
    '--excludePrivate',
    '--excludeExternals',
    '--validation.notExported',
    'false',
    '--logLevel',
    'Warn',
    '--parametersFormat',
    'table',
    '--interfacePropertiesFormat',
    'table',
    '--typeDeclarationFormat',
    'table',
  ],
  { stdio: 'inherit', cwd: THIRD_PARTY },
)
process.exit(status ?? 1)
