// Reads an OpenAPI document from standard input and writes its types to standard output.
import { text } from 'node:stream/consumers'
import openapiTypes, { astToString } from 'openapi-typescript'

const types = await openapiTypes(JSON.parse(await text(process.stdin)), { alphabetize: true })
process.stdout.write(astToString(types))
