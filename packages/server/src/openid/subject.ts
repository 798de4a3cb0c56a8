/** Who someone is at a company: the only identifier that is unique, see {@link formatSubject}. */
export interface Subject {
  companyId: number
  userId: number
}

const SUBJECT = /^c([1-9]\d{0,15})-u([1-9]\d{0,15})$/

/** The `sub` of OpenID Connect (Core section 2): the pair of company and user. */
export function formatSubject({ companyId, userId }: Subject): string {
  return `c${companyId}-u${userId}`
}

/** The pair that a `sub` names; undefined for any other text. */
export function parseSubject(text: string): Subject | undefined {
  const [, company, user] = SUBJECT.exec(text) ?? []
  const [companyId, userId] = [Number(company), Number(user)]
  return Number.isSafeInteger(companyId) && Number.isSafeInteger(userId) ? { companyId, userId } : undefined
}
