/** One step forward. There is no way back: a mistake is mended by the next step. */
export interface Migration {
  version: number
  name: string
  statements: readonly string[]
  /** For one engine alone. */
  only?: 'sqlite'
}
