import { readFileSync } from 'node:fs'

interface ChecklistSection {
  title: string
  lines: { id: string; requirement: string }[]
}

/** How many tests of a line passed and failed in a run. */
export interface CheckState {
  passed: number
  failed: number
}

const source = new URL('../../docs/security/oauth-checklist.json', import.meta.url)

export const checklist = JSON.parse(readFileSync(source, 'utf8')) as ChecklistSection[]

const INTRODUCTION = `# OAuth security checklist

Every line is a requirement. Tests that guard one begin with its id, so that the state below comes from a test run:
\`npm run checklist\` runs them and writes this page. *Not built* means that Tenantry does not offer the feature yet.

Sources: RFC 6749, 6750, 7009, 7636, 7662, 8252, 8414, 8707, 9068, 9126, 9207, 9449, 9700 (Best Current Practice), the OAuth 2.1 draft,
OpenID Connect Core, OWASP ASVS 5 chapter V10. Numbers in parentheses are sections of these. Where two sources differ, the stricter one
applies, except where a compatibility profile needs otherwise.
`

/** The page of the documentation. @param states by id */
export function renderChecklist(states: ReadonlyMap<string, CheckState>): string {
  const sections = checklist.map(({ title, lines }) => {
    const rows = lines.map(({ id, requirement }) => `| ${id} | ${requirement} | ${describe(states.get(id))} |`)
    return `\n## ${title}\n\n| id | requirement | state |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  return INTRODUCTION + sections.join('')
}

function describe(state: CheckState | undefined): string {
  if (!state) return 'not built'
  if (state.failed > 0) return `**${state.failed} of ${state.passed + state.failed} tests fail**`
  return `${state.passed} ${state.passed === 1 ? 'test' : 'tests'}`
}
