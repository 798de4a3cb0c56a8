import type { Command } from 'commander'
import { revokeTokens } from '../apps/revoke-tokens.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { print } from './output.ts'
import { readToken } from './token-input.ts'

interface RevokeOptions extends AdministrationOptions {
  company?: number
  user?: number
  client?: string
}

export function addTokenCommands(program: Command) {
  const token = program.command('token').description('tokens')

  administer(
    token
      .command('revoke')
      .description(
        'revoke a token read from standard input, or all tokens of a company, user or app; a revoked refresh token ends its installation',
      ),
  )
    .option('--company <id>', 'all tokens at this company', parseId)
    .option('--user <id>', 'all tokens of this user', parseId)
    .option('--client <id>', 'all tokens of this app')
    .action(async (options: RevokeOptions) => {
      const { company, user, client } = options
      const all = company !== undefined || user !== undefined || client !== undefined
      const which = all ? { companyId: company, userId: user, clientId: client } : { token: await readToken() }
      const revoked = await withRuntime(options, runtime => revokeTokens(runtime, which))
      print(
        options,
        { revoked },
        revoked === 0 ? 'No such token is live; nothing was changed.' : `Revoked: ${revoked}.`,
      )
    })
}
