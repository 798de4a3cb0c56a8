/** One step forward. There is no way back: a mistake is mended by the next step. */
export interface Migration {
  version: number
  name: string
  statements: readonly string[]
  /**
   * The oldest schema version whose programs go on working on the schema that this step makes: for steps that only add what
   * earlier programs need not know. They may be started again then, to go back. Without it they are refused.
   */
  worksWith?: number
  /** For one engine alone. */
  only?: 'sqlite'
}
