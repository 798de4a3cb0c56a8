import { z } from 'zod'

/** A password hash from elsewhere: a PHC string of argon2. */
export const passwordHash = z
  .string()
  .max(512)
  .regex(/^\$argon2(id|i|d)\$v=19\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+$/, 'must be a PHC string of argon2')
