import type { Command } from 'commander'
import { z } from 'zod'
import { createProgram } from '../../packages/server/src/cli/commands.ts'
import { configurationSchema, variables } from '../../packages/server/src/cli/serve-configuration.ts'

/** Pages of docs/reference that are written from the program itself, by their names. */
export function renderReferencePages(): Record<string, string> {
  return { 'commands.md': renderCommands(), 'configuration.md': renderConfiguration() }
}

function renderCommands(): string {
  const commands = createProgram().commands.flatMap(withSubcommands)
  const sections = commands.map(command => {
    const help = command.configureHelp({ helpWidth: 100 }).helpInformation().trimEnd()
    return `## ${nameOf(command)}\n\n\`\`\`text\n${help}\n\`\`\`\n`
  })
  return `# Commands\n\nThe help of every command, as \`tenantry COMMAND --help\` prints it. In this repository: \`npx tenantry\`.\n\n${sections.join('\n')}`
}

function withSubcommands(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(withSubcommands)
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

interface OptionSchema {
  type?: string
  enum?: string[]
  default?: unknown
  description?: string
}

function renderConfiguration(): string {
  const schema = z.toJSONSchema(configurationSchema, { io: 'input', unrepresentable: 'any' })
  const required = new Set(schema.required)
  const variableOf = new Map(Object.entries(variables).map(([variable, { option }]) => [option as string, variable]))
  const rows = Object.entries(schema.properties as Record<string, OptionSchema>)
    .filter(([option]) => option !== 'localCallbacks')
    .map(([option, { description = '', default: standard, enum: choices }]) => {
      const variable = variableOf.get(option)
      const value = required.has(option) ? 'required' : standard === undefined ? '' : `\`${JSON.stringify(standard)}\``
      const oneOf = choices ? ` One of ${choices.map(choice => `\`${choice}\``).join(', ')}.` : ''
      return `| \`${option}\`${variable ? `<br>\`${variable}\`` : ''} | ${value} | ${description}${oneOf} |`
    })
  return `# Configuration

Options of \`tenantry serve\`: in a JSON file (\`--config\` or \`TENANTRY_CONFIG\`), as variables, or as flags. Flags override variables, and variables
override the file. Every mistake is listed at start, unknown variables included. An empty variable counts as not set.

| option, variable | default | |
|---|---|---|
${rows.join('\n')}

\`TENANTRY_SECRETS_FILE\` and \`TENANTRY_DATABASE_URL_FILE\` name a file to read the value from. One of \`data\` and \`database\` is required.

## While servers run

The lifetimes and \`auditRetentionDays\` can be changed without a restart. What is changed is kept in the database, overrides what servers are configured with, and
is used by every server within half a minute. Who changed what is in the [audit log](../audit.md).

\`\`\`
npx tenantry settings set access_token_lifetime 600
npx tenantry settings list
npx tenantry settings unset access_token_lifetime
\`\`\`

Over HTTP: \`PATCH /admin/v1/settings\`, with a key that has the scope \`settings:write\`. A shorter lifetime holds for what is made from then on; tokens and sessions that are out end
when they were to end. To end them now, revoke them.
`
}
