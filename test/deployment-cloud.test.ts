import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import hcl from 'hcl2-parser'
import { expect, test } from 'vitest'
import { filesUnder, read, root, unknownSettings, yaml } from './deployment.ts'

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string }
  // Read loosely here; the types of Kubernetes check the shape.
  // oxlint-disable-next-line typescript/no-explicit-any
  spec: any
}

const manifests = filesUnder('deploy/kubernetes/base', '.yaml')
  .filter((file) => !file.endsWith('kustomization.yaml'))
  .flatMap((file) => yaml<Manifest>(file))
const one = (kind: string, name: string): Manifest =>
  manifests.find((m) => m.kind === kind && m.metadata.name === name) ??
  expect.fail(`there is no ${kind} called ${name}`)

/** Compares objects with the published types of the Kubernetes API, unknown fields included; returns what tsc says. */
function typeFaults(objects: readonly Manifest[]): string {
  const folder = mkdtempSync(path.join(root, 'test/k8s-'))
  const file = path.join(folder, 'manifests.ts')
  const lines = objects.map(({ apiVersion, kind, ...rest }, i) => {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
    const from = `kubernetes-types/${group!.split('.')[0]}/${version}`
    return `export const m${i}: import('${from}').${kind} = ${JSON.stringify({ apiVersion, kind, ...rest })}`
  })
  writeFileSync(file, lines.join('\n'))
  try {
    const { stdout } = spawnSync(
      path.join(root, 'node_modules/.bin/tsc'),
      [
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--module',
        'esnext',
        '--moduleResolution',
        'bundler',
        '--types',
        '',
        '--ignoreConfig',
        file,
      ],
      { encoding: 'utf8', cwd: root },
    )
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('every manifest is what the Kubernetes API takes, to the last field', () => {
  expect(manifests.length).toBeGreaterThan(12)
  expect(typeFaults(manifests)).toBe('')
  const misspelt = structuredClone(one('Deployment', 'api'))
  misspelt.spec.template.spec.containers[0].readinesProbe = {}
  expect(typeFaults([misspelt])).toContain('readinesProbe')
})

test('pods run without rights, with probes and limits, and selectors find them', () => {
  for (const [kind, name] of [
    ['Deployment', 'api'],
    ['Deployment', 'worker'],
    ['Job', 'migrate'],
  ] as const) {
    const { spec, metadata } = one(kind, name).spec.template
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    const [container] = spec.containers
    expect(container.args).toEqual([name])
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.resources.requests.memory).toBeDefined()
    expect(container.resources.limits.memory).toBeDefined()
    for (const mount of container.volumeMounts)
      expect(spec.volumes.map((v: { name: string }) => v.name)).toContain(mount.name)
    if (kind === 'Job') continue
    expect(metadata.labels).toMatchObject(one(kind, name).spec.selector.matchLabels)
    expect(metadata.labels).toMatchObject(one('PodDisruptionBudget', name).spec.selector.matchLabels)
    expect(one('HorizontalPodAutoscaler', name).spec.scaleTargetRef).toMatchObject({ kind, name })
    const ports = container.ports.map((p: { name: string }) => p.name)
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(ports).toContain(container[probe].httpGet.port)
      expect(container[probe].httpGet.path).toBe(probe === 'readinessProbe' ? '/health/ready' : '/health/live')
    }
    // Two at least, and one may go: no moment without the service.
    expect(one('HorizontalPodAutoscaler', name).spec.minReplicas).toBeGreaterThan(1)
    expect(one('PodDisruptionBudget', name).spec.maxUnavailable).toBe(1)
  }
  expect(one('Service', 'api').spec.ports[0].targetPort).toBe('http')
  expect(one('Ingress', 'liquor-agent').spec.rules[0].http.paths[0].backend.service).toEqual({
    name: 'api',
    port: { name: 'http' },
  })
})

test('nobody reaches the pods but who is named, and they do not reach the metadata of the cloud', () => {
  const deny = one('NetworkPolicy', 'default-deny').spec
  expect(deny.policyTypes).toEqual(['Ingress', 'Egress'])
  expect(deny.ingress ?? deny.egress).toBeUndefined()
  for (const { spec } of manifests.filter((m) => ['Deployment', 'Job'].includes(m.kind)))
    expect(spec.template.metadata.labels).toMatchObject(deny.podSelector.matchLabels)
  expect(one('NetworkPolicy', 'out').spec.egress[1].to[0].ipBlock.except).toEqual(['169.254.169.254/32'])
})

test('overlays name files, resources and settings that exist', () => {
  interface Kustomization {
    resources?: string[]
    components?: string[]
    configMapGenerator?: { literals: string[] }[]
    patches?: { target: { kind: string; name?: string } }[]
  }
  const files = filesUnder('deploy/kubernetes', 'kustomization.yaml')
  expect(files).toHaveLength(4)
  for (const file of files) {
    const [kustomization] = yaml<Kustomization>(file)
    for (const place of [...(kustomization!.resources ?? []), ...(kustomization!.components ?? [])]) {
      const target = path.join(path.dirname(file), place)
      expect(read(target.endsWith('.yaml') ? target : `${target}/kustomization.yaml`)).not.toBe('')
    }
    const names = (kustomization!.configMapGenerator ?? []).flatMap((c) => c.literals.map((l) => l.split('=')[0]!))
    expect(unknownSettings(names)).toEqual([])
    for (const { target } of kustomization!.patches ?? [])
      expect(manifests.some((m) => m.kind === target.kind && (!target.name || m.metadata.name === target.name))).toBe(
        true,
      )
  }
})

/** All texts in a value. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
}

interface Module {
  resource: Record<string, Record<string, unknown>>
  data: Record<string, Record<string, unknown>>
  variable: Record<string, unknown>
  locals: Record<string, unknown>[]
}

function terraform(): Module {
  const all: Module = { resource: {}, data: {}, variable: {}, locals: [] }
  for (const file of filesUnder('deploy/terraform', '.tf')) {
    const [parsed, fault] = hcl.parseToObject(read(file)) as [Partial<Module> | null, object | null]
    if (!parsed || fault) throw new Error(`${file} is not HCL`)
    for (const kind of ['resource', 'data'] as const)
      for (const [type, named] of Object.entries(parsed[kind] ?? {})) all[kind][type] = { ...all[kind][type], ...named }
    Object.assign(all.variable, parsed.variable)
    all.locals.push(...(parsed.locals ?? []))
  }
  return all
}

test('Terraform files are HCL, and everything they refer to is declared', () => {
  const all = terraform()
  expect(Object.keys(all.resource).length).toBeGreaterThan(25)
  const locals = new Set(all.locals.flatMap((l) => Object.keys(l)))
  const unknown = new Set<string>()
  for (const text of texts([all.resource, all.data, all.locals])) {
    for (const [, name] of text.matchAll(/\bvar\.(\w+)/g)) if (!all.variable[name!]) unknown.add(`var.${name}`)
    for (const [, name] of text.matchAll(/\blocal\.(\w+)/g)) if (!locals.has(name!)) unknown.add(`local.${name}`)
    for (const [, data, type, name] of text.matchAll(/\b(data\.)?((?:aws|random)_\w+)\.(\w+)/g))
      if (!all[data ? 'data' : 'resource'][type!]?.[name!]) unknown.add(`${data ?? ''}${type}.${name}`)
  }
  expect([...unknown]).toEqual([])
  const example = hcl.parseToObject(read('deploy/terraform/example.tfvars')) as [Record<string, unknown>]
  for (const name of Object.keys(example[0])) expect(all.variable).toHaveProperty(name)
  expect(hcl.parseToObject('resource "a" "b" {\n  x = [1, \n')[0]).toBeNull()
})

test('the picture of the plan is there: stand-by, replica, private stores, encryption, scaling', () => {
  const { resource } = terraform()
  const [database] = resource['aws_db_instance']!['main'] as Record<string, unknown>[]
  expect(database).toMatchObject({ multi_az: true, storage_encrypted: true, deletion_protection: true })
  expect(database!['backup_retention_period']).toBeGreaterThanOrEqual(7)
  expect(database!['publicly_accessible']).toBeUndefined()
  expect(resource['aws_db_instance']).toHaveProperty('replica')
  const [redis] = resource['aws_elasticache_replication_group']!['main'] as Record<string, unknown>[]
  expect(redis).toMatchObject({ automatic_failover_enabled: true, transit_encryption_enabled: true })
  for (const type of [
    'aws_cloudfront_distribution',
    'aws_lb',
    'aws_ecs_service',
    'aws_appautoscaling_policy',
    'aws_s3_bucket_public_access_block',
    'aws_s3_bucket_versioning',
  ])
    expect(resource).toHaveProperty(type)
})

interface TaskDefinition {
  family: string
  containerDefinitions: {
    name: string
    command: string[]
    user: string
    readonlyRootFilesystem: boolean
    environment: { name: string; value: string }[]
    secrets: { name: string; valueFrom: string }[]
    mountPoints: { sourceVolume: string }[]
    healthCheck?: object
  }[]
  volumes: { name: string }[]
}

test('ECS task definitions name settings that exist, and Terraform fills each of their gaps', () => {
  const services = read('deploy/terraform/services.tf')
  const given = /templatefile\(.+, \{\n([\s\S]+?)\n\s+\}\)\)/.exec(services)![1]!
  const values = new Set([...given.matchAll(/^\s*(\w+)\s+=/gm)].map((m) => m[1]!))
  const stored = new Set([...read('deploy/terraform/stores.tf').matchAll(/^\s+([A-Z_]+)\s+=/gm)].map((m) => m[1]!))
  for (const role of ['api', 'worker', 'migrate']) {
    const text = read(`deploy/ecs/${role}.json`)
    const definition = JSON.parse(text) as TaskDefinition
    for (const [, gap] of text.matchAll(/\$\{(\w+)\}/g)) expect(values).toContain(gap)
    const [container] = definition.containerDefinitions
    expect(container).toMatchObject({ name: role, command: [role], user: '1000:1000', readonlyRootFilesystem: true })
    expect(unknownSettings([...container!.environment, ...container!.secrets].map((e) => e.name))).toEqual([])
    for (const { name, valueFrom } of container!.secrets) {
      expect(stored).toContain(name)
      expect(valueFrom).toContain(`:${name}::`)
    }
    const volumes = definition.volumes.map((v) => v.name)
    for (const mount of container!.mountPoints) expect(volumes).toContain(mount.sourceVolume)
    expect(container!.healthCheck !== undefined).toBe(role !== 'migrate')
  }
})
