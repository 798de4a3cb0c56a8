import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1'
import { Job } from 'kubernetes-models/batch/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Service } from 'kubernetes-models/v1'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { variables } from '../packages/server/src/cli/serve-configuration.ts'
import { REPOSITORY } from './support/sandbox-process.ts'

const read = (path: string) => readFileSync(join(REPOSITORY, path), 'utf8')
const BASE = 'deploy/kubernetes/base'
const OVERLAY = 'deploy/kubernetes/overlays/example'

interface Container {
  env: { name: string; value: string }[]
  args: string[]
  securityContext: Record<string, unknown>
}

interface Manifest {
  kind: string
  spec: { template: { spec: { securityContext: Record<string, unknown>; containers: Container[] } } }
}

/** Kubernetes' own schema of each kind that is used. */
const kinds: Record<string, new (data: never) => { validate(): void }> = {
  Deployment,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
}

describe('the manifests for Kubernetes', () => {
  const { resources } = parse(read(`${BASE}/kustomization.yaml`)) as { resources: string[] }
  const manifests = resources.map(file => [file, parse(read(`${BASE}/${file}`)) as Manifest] as const)

  it('every file of the base is named, and every file that is named is there', () => {
    const files = readdirSync(join(REPOSITORY, BASE)).filter(file => file !== 'kustomization.yaml')
    expect(resources.toSorted()).toEqual(files.toSorted())
  })

  it.each(manifests)('%s fits Kubernetes’ own schema', (_, manifest) => {
    const Kind = kinds[manifest.kind]!
    new Kind(manifest as never).validate()
    // The check can fail.
    expect(() => new Kind({ ...manifest, spec: 'nothing' } as never).validate()).toThrow()
  })

  it.each(manifests.filter(([, { kind }]) => kind === 'Deployment' || kind === 'Job'))(
    '%s runs as a user of its own on a read-only disk, with variables that exist',
    (_, { spec: { template } }) => {
      const [container] = template.spec.containers
      expect(template.spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(container!.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      const unknown = container!.env.map(({ name }) => name.replace(/_FILE$/, '')).filter(name => !(name in variables))
      expect(unknown).toEqual([])
    },
  )

  it('the example’s patches lead to what is in the base', () => {
    const overlay = parse(read(`${OVERLAY}/kustomization.yaml`)) as {
      resources: string[]
      images: { name: string }[]
      patches: { target: { kind: string; name: string }; patch: string }[]
    }
    expect(existsSync(join(REPOSITORY, OVERLAY, overlay.resources[0]!, 'kustomization.yaml'))).toBe(true)
    for (const { target, patch } of overlay.patches) {
      const manifest = manifests.map(([, each]) => each).find(({ kind }) => kind === target.kind)
      for (const { path } of parse(patch) as { path: string }[]) {
        const found = path
          .split('/')
          .slice(1)
          .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], manifest)
        expect([path, found]).not.toEqual([path, undefined])
      }
    }
    const [origin] = manifests[0]![1].spec.template.spec.containers[0]!.env
    expect(origin!.name).toBe('TENANTRY_ORIGIN')
  })
})

describe('compose, systemd and the image', () => {
  it('compose.yaml uses services, secrets and files that are there, and variables that exist', () => {
    const compose = parse(read('compose.yaml')) as {
      services: Record<
        string,
        { environment?: Record<string, string>; secrets?: string[]; depends_on?: object; volumes?: string[] }
      >
      secrets: object
    }
    for (const { secrets = [], depends_on = {}, volumes = [] } of Object.values(compose.services)) {
      for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret)
      for (const service of Object.keys(depends_on)) expect(Object.keys(compose.services)).toContain(service)
      for (const volume of volumes.filter(each => each.startsWith('./'))) {
        expect(existsSync(join(REPOSITORY, volume.split(':')[0]!))).toBe(true)
      }
    }
    const named = Object.keys(compose.services.tenantry!.environment!).map(name => name.replace(/_FILE$/, ''))
    expect(named.filter(name => !(name in variables))).toEqual([])
  })

  it('the unit for systemd sets variables that exist, and can open no more than it needs', () => {
    const unit = read('deploy/systemd/tenantry.service')
    const names = [...unit.matchAll(/\b(TENANTRY_\w+)=/g)].map(([, name]) => name!.replace(/_FILE$/, ''))
    expect(names.length).toBeGreaterThan(2)
    expect(names.filter(name => !(name in variables))).toEqual([])
    for (const line of ['DynamicUser=yes', 'NoNewPrivileges=yes', 'ProtectSystem=strict', 'CapabilityBoundingSet=']) {
      expect(unit.split('\n')).toContain(line)
    }
  })

  it('the image is no root’s, and starts files that the package has', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toMatch(/^USER 10001:10001$/m)
    const { bin, files } = JSON.parse(read('packages/server/package.json')) as {
      bin: { tenantry: string }
      files: string[]
    }
    const started = [...dockerfile.matchAll(/\/app\/node_modules\/tenantry\/([\w./-]+)/g)].map(([, path]) => path!)
    expect(started).toContain(bin.tenantry)
    for (const path of started) {
      expect(existsSync(join(REPOSITORY, 'packages/server', path))).toBe(true)
      expect(files).toContain(path.split('/')[0])
    }
  })
})
