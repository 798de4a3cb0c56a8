/** How ID tokens and logout tokens may be signed (RFC 7518 section 3.1, RFC 8037 section 3.1), the default first. */
export const ID_TOKEN_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const

export type IdTokenAlgorithm = (typeof ID_TOKEN_ALGORITHMS)[number]
