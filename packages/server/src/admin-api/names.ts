type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name

/** The same object with the names that functions have for its entries: `redirect_uris` is `redirectUris`. */
export type CamelNames<Values extends object> = { [Name in keyof Values & string as Camel<Name>]: Values[Name] }

/** Entries that are undefined are left out. */
export function toCamelNames<Values extends object>(values: Values): CamelNames<Values> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  ) as CamelNames<Values>
}
