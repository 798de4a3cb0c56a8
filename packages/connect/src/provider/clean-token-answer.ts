/**
 * A token answer as a strict client can read it. A token that the provider has given must not be lost to an odd field
 * with it: an optional field that is malformed counts as absent.
 * @param response an answer with status 200
 * @param report is called with each field that was left out
 * @param strictFields fields that are left as they are
 */
export async function cleanTokenAnswer(
  response: Response,
  report: (field: string) => void,
  strictFields: readonly string[] = [],
): Promise<Response> {
  const text = await response.text()
  const cleaned = cleanFields(text, report, strictFields)
  const headers = new Headers(response.headers)
  if (cleaned !== undefined) headers.set('Content-Type', 'application/json')
  headers.delete('Content-Length')
  headers.delete('Content-Encoding')
  return new Response(cleaned ?? text, { status: response.status, headers })
}

/** As JSON; undefined if it has no token. */
function cleanFields(
  text: string,
  report: (field: string) => void,
  strictFields: readonly string[],
): string | undefined {
  const answer = parseObject(text)
  if (!answer || typeof answer.access_token !== 'string' || answer.access_token === '') return undefined
  const fields: Record<string, unknown> = { ...answer, token_type: 'Bearer' }
  // Not used here, and checked as what it is not asked for.
  delete fields.id_token
  if (!/^bearer$/i.test(String(answer.token_type))) report('token_type')
  for (const [name, read] of Object.entries(OPTIONAL).filter(([name]) => !strictFields.includes(name))) {
    const value = read(answer[name])
    if (value !== undefined) fields[name] = value
    else {
      delete fields[name]
      if (answer[name] !== undefined) report(name)
    }
  }
  return JSON.stringify(fields)
}

const OPTIONAL: Record<string, (value: unknown) => unknown> = {
  expires_in(value) {
    const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
  },
  refresh_token: nonEmptyText,
  scope: value =>
    Array.isArray(value) ? value.filter(each => typeof each === 'string').join(' ') : nonEmptyText(value),
  api_domain: nonEmptyText,
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
