/** What a check found. */
export interface Finding {
  /** What was looked at, such as `database`. */
  check: string
  status: 'ok' | 'warning' | 'problem'
  message: string
  /** What to do about it. */
  advice?: string
}

export type Check = () => Promise<Finding[]> | Finding[]

export const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })

export const warning = (check: string, message: string, advice: string): Finding => ({
  check,
  status: 'warning',
  message,
  advice,
})

export const problem = (check: string, message: string, advice: string): Finding => ({
  check,
  status: 'problem',
  message,
  advice,
})

const WORST = ['ok', 'warning', 'problem'] as const

export function worstOf(findings: readonly Finding[]): Finding['status'] {
  return WORST[Math.max(0, ...findings.map(({ status }) => WORST.indexOf(status)))]!
}
