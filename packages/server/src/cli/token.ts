import type { Command } from 'commander'
import { revokeTokens } from '../apps/revoke-tokens.ts'
import { requireCompany } from '../companies/companies.ts'
import { InputError } from '../companies/input.ts'
import { requireUser } from '../companies/users.ts'
import { findApp } from '../store/queries/apps.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { parseId } from './arguments.ts'
import { type ConfirmationOptions, confirm, destructive } from './confirm.ts'
import { print } from './output.ts'
import { readToken } from './token-input.ts'

interface RevokeOptions extends AdministrationOptions {
  company?: number
  user?: number
  client?: string
}

export function addTokenCommands(program: Command) {
  const token = program.command('token').description('tokens')

  destructive(
    administer(
      token
        .command('revoke')
        .description(
          'revoke a token read from standard input, or all tokens of a company, user or app; a revoked refresh token ends its installation',
        ),
    ),
  )
    .option('--company <id>', 'all tokens at this company', parseId)
    .option('--user <id>', 'all tokens of this user', parseId)
    .option('--client <id>', 'all tokens of this app')
    .action(async (options: RevokeOptions & ConfirmationOptions) => {
      const { company, user, client } = options
      const all = company !== undefined || user !== undefined || client !== undefined
      const revoked = all ? await revokeAll(options) : await revokeOne(options)
      if (revoked === undefined) return
      const words = revoked === 0 ? 'Nothing is installed there; nothing was changed.' : `Revoked: ${revoked}.`
      print(options, { revoked }, words)
    })
}

async function revokeOne(options: RevokeOptions): Promise<number> {
  const token = await readToken()
  const revoked = await withRuntime(options, runtime => revokeTokens(runtime, { token }))
  if (revoked === 0) throw new InputError('This token is not valid: it is unknown, expired or already revoked.')
  return revoked
}

async function revokeAll(options: RevokeOptions & ConfirmationOptions): Promise<number | undefined> {
  const { company: companyId, user: userId, client: clientId } = options
  return withRuntime(options, async runtime => {
    if (companyId !== undefined) await requireCompany(runtime.store, companyId)
    if (userId !== undefined) await requireUser(runtime.store, userId)
    if (clientId !== undefined && !(await findApp(runtime.store, clientId))) {
      throw new InputError(`There is no app ${clientId}.`)
    }
    const whose = [
      companyId === undefined ? '' : ` at company ${companyId}`,
      userId === undefined ? '' : ` of user ${userId}`,
      clientId === undefined ? '' : ` of the app ${clientId}`,
    ].join('')
    if (!(await confirm(options, `All installations${whose} end, with their tokens`, { canBeMadeAgain: true })))
      return undefined
    return revokeTokens(runtime, { companyId, userId, clientId })
  })
}
