import type { SandboxFacts } from '../sandbox/facts.ts'

/** What `tenantry dev` prints for people. @param data where the sandbox is stored */
export function describeSandbox(facts: SandboxFacts, data: string): string {
  const users = facts.users.map(({ user_id, email, companies, password_changed }) => {
    const where = companies.length === 0 ? 'active nowhere' : `at ${companies.join(', ')}`
    return `    ${user_id}  ${email.padEnd(44)}${where}${password_changed ? ', password changed' : ''}`
  })
  const token = facts.access_token
    ? `curl -H 'Authorization: Bearer ${facts.access_token}' ${facts.origin}/users/me`
    : 'No access token: the sandbox app is disabled, or no user is active.'
  return `
  Tenantry sandbox at ${facts.origin}
  stored in ${data}; stop it with Ctrl-C

  Sign in as (password for all: ${facts.password})
${users.join('\n')}

  Sandbox app
    client id      ${facts.client_id}
    client secret  ${facts.client_secret}
    redirect URIs  http://localhost/callback and http://127.0.0.1/callback, any port

  Consoles, with a button for each at ${facts.origin}/
    your account   ${facts.origin}/account
    a company      ${facts.origin}/company/1 (james.bond@mi6.example)
    development    ${facts.origin}/company/1/developer (eve.moneypenny@mi6.example)
    the platform   ${facts.origin}/operator (m@mi6.example)

  Admin API at ${facts.origin}/admin/v1, its reference at ${facts.origin}/admin/v1/
    admin key      ${facts.admin_key}

  ${describeDesk(facts.mcp_url)}

  Try it in a browser: ${facts.origin}/
  Or right now:

${token}
`
}

function describeDesk(mcpUrl: string | null): string {
  if (mcpUrl === null) {
    return 'For agents: the example company-desk is an MCP server. In the repository, `npm ci && npm start` serves it here.'
  }
  return `MCP server for agents, an address for each company: ${mcpUrl}
    MI6                ${mcpUrl.replace('{company_domain}', 'casinoroyale')}
    Universal Exports  ${mcpUrl.replace('{company_domain}', 'universal-exports')}`
}
