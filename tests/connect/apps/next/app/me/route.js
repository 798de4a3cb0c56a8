import { getConnect } from '../../lib/connect.js'

export async function GET() {
  const connect = getConnect()
  globalThis.ahead = (globalThis.ahead ?? 0) + 3_600_000
  const reference = { companyId: 2, userId: 777 }
  const answer = await connect.fetch(reference, '/users/me')
  const link = await connect.links.find(reference)
  return Response.json({ status: answer.status, body: await answer.json(), account: link.accountId, link: link.status })
}
