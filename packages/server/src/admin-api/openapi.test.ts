import { createConfig, lintFromString, type RawUniversalConfig } from '@redocly/openapi-core'
import { describe, expect, it } from 'vitest'
import { api } from './api.ts'
import { createDocument } from './openapi.ts'

const RULES: RawUniversalConfig = {
  extends: ['recommended-strict'],
  rules: {
    'no-http-verbs-in-paths': 'error',
    'no-invalid-media-type-examples': 'error',
    'no-invalid-schema-examples': 'error',
    'no-required-schema-properties-undefined': 'error',
    'no-unused-components': 'error',
    'operation-description': 'off',
    'operation-operationId-url-safe': 'error',
    'operation-parameters-unique': 'error',
    'operation-singular-tag': 'error',
    'operation-tag-defined': 'error',
    'paths-kebab-case': 'error',
    'tag-description': 'error',
  },
}

describe('the description of the admin API', () => {
  const text = JSON.stringify(createDocument(api, 'https://id.tenantry.app'))

  const lint = async (source: string) => {
    const config = await createConfig(RULES)
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
    return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`)
  }

  it('the OpenAPI document has nothing that a linter finds fault with', async () => {
    expect(await lint(text)).toEqual([])
  })

  it('the linter finds an operation without a name, an unknown tag and a reference to nothing', async () => {
    const document = JSON.parse(text)
    const [path = ''] = Object.keys(document.paths)
    const operation = document.paths[path].get
    delete operation.operationId
    operation.tags = ['Nonsense']
    operation.responses['200'].content = { 'application/json': { schema: { $ref: '#/components/schemas/Nothing' } } }
    const found = (await lint(JSON.stringify(document))).join('\n')
    for (const rule of ['operation-operationId', 'operation-tag-defined', 'no-unresolved-refs'])
      expect(found).toContain(rule)
  })
})
