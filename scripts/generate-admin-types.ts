import { generateAdminTypes } from '../tests/support/admin-types.ts'

// Makes the types of @tenantry/admin from the description of the admin API, where they are not there or not those of the API now.
//   npm run generate --workspace @tenantry/admin
generateAdminTypes()
