import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { AdminClient } from '@tenantry/admin'
import { unwrap } from '@tenantry/admin'
import type { Caller } from '@tenantry/resource'
import { z } from 'zod'

/** Notes by company: in a real service they are in its database. */
const notes = new Map<number, { author: number; text: string }[]>()

/** What an agent can do, for one caller: everything is of the company whose address was used. */
export function createDesk({ companyId, userId, claims }: Caller, admin: AdminClient): McpServer {
  const server = new McpServer({ name: 'company-desk', version: '0.1.0' })

  server.registerTool('whoami', { description: 'Who you act for, and at which company' }, () =>
    answer({ company_id: companyId, user_id: userId, name: claims.name, company_name: claims.company_name }),
  )

  server.registerTool('list_colleagues', { description: 'The people of the company' }, async () => {
    const path = { company_id: companyId }
    const { data } = unwrap(await admin.GET('/admin/v1/companies/{company_id}/members', { params: { path } }))
    return answer({
      company_id: companyId,
      colleagues: data.map(({ user_id, name, email }) => ({ user_id, name, email })),
    })
  })

  server.registerTool(
    'write_note',
    {
      description: 'Write a note that the people of the company can read',
      inputSchema: { text: z.string().min(1).max(2000) },
    },
    ({ text }) => {
      const own = notes.get(companyId) ?? []
      notes.set(companyId, [...own, { author: userId, text }])
      return answer({ company_id: companyId, notes: own.length + 1 })
    },
  )

  return server
}

function answer(content: object) {
  return { content: [{ type: 'text' as const, text: JSON.stringify(content) }] }
}
