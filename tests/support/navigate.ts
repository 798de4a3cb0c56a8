import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

/** A GET request as a browser makes it for a page: `fetch` says that a script asks (`Sec-Fetch-Mode: cors`). */
export async function navigate(url: URL, { headers }: RequestInit = {}): Promise<Response> {
  const [answer] = (await once(
    request(url, { headers: { ...Object.fromEntries(new Headers(headers)), accept: 'text/html,*/*' } }).end(),
    'response',
  )) as [IncomingMessage]
  let body = ''
  for await (const chunk of answer) body += chunk
  const all = new Headers()
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    all.append(answer.rawHeaders[index]!, answer.rawHeaders[index + 1]!)
  }
  return new Response(body, { status: answer.statusCode!, headers: all })
}
